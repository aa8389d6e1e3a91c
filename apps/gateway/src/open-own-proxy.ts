import { openCallQueue, openHomeCoolDowns } from "@roost/models";
import { openProxy, type Proxy, type ProxyOptions } from "@roost/proxy";

/** The proxy of a gateway: what other processes of the home have learnt of the servers counts for it, and the other way round, and so do turns at small ones. */
export async function openOwnProxy(options: Omit<ProxyOptions, "coolDowns" | "queue">): Promise<Proxy> {
  const coolDowns = await openHomeCoolDowns(options.kernel);
  const proxy = openProxy({ ...options, coolDowns, queue: openCallQueue(options.kernel) });
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      coolDowns[Symbol.dispose]();
    },
  };
}
