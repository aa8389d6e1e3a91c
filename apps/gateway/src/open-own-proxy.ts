import { openCallQueue, openHomeCoolDowns } from "@roost/models";
import { openProxy, type Proxy, type ProxyOptions } from "@roost/proxy";
import { leftToHome } from "./security/leave-to-home.ts";

interface OwnProxyOptions extends Omit<ProxyOptions, "coolDowns" | "queue" | "refusalOf"> {
  /** Of the home's gateway; undefined: this is the one. */
  homeAddress: string | undefined;
}

/** The proxy of a gateway: what other processes of the home have learnt of the servers counts for it, and the other way round, and so do turns at small ones. */
export async function openOwnProxy({ homeAddress, ...options }: OwnProxyOptions): Promise<Proxy> {
  const { kernel, providers } = options;
  const coolDowns = await openHomeCoolDowns(kernel);
  // A machine without the keys of the home's models has none of them.
  const isLacking = homeAddress !== undefined && providers.length === 0;
  const refusalOf = (model: string) => leftToHome(`The model "${model}", which is not known here,`, homeAddress);
  const proxy = openProxy({
    ...options,
    coolDowns,
    queue: openCallQueue(kernel),
    refusalOf: isLacking ? refusalOf : undefined,
  });
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      coolDowns[Symbol.dispose]();
    },
  };
}
