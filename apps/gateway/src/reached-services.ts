/** Which instances of services a gateway calls: what listens on the loopback of another machine is not there where this one would call it. */
import type { RoostError } from "@roost/base";
import type { ListedService, Services } from "@roost/service";
import { leftToHome } from "./security/leave-to-home.ts";

/** The joined host on which a gateway runs; nothing of it: the home's machine. */
interface ReachedFrom {
  host?: string | undefined;
  /** Of the home's gateway. */
  homeAddress?: string | undefined;
}

/** A call of one that has no instance within reach is left to the home, before anything is sent; it runs all the same. */
export function reachedServices<Given extends Pick<Services, "directory">>(services: Given, from: ReachedFrom): Given {
  const { host } = from;
  if (host === undefined) return services;
  const { directory } = services;
  const find = async (name: string) => onlyReached(await directory.find(name), { ...from, host });
  return { ...services, directory: { ...directory, find } };
}

function onlyReached(
  service: ListedService,
  { host, homeAddress }: ReachedFrom & { host: string },
): ListedService & { refusal?: RoostError } {
  const instances = service.instances.filter((one) => one.host === host || !isLoopback(one.url));
  if (instances.length > 0 || service.instances.length === 0) return { ...service, instances };
  const refusal = leftToHome(`${service.title}, which listens on the loopback of another machine,`, homeAddress);
  return { ...service, refusal };
}

/** Whether it leads to the machine on which it is called. */
export function isLoopback(url: string): boolean {
  return /^((.+\.)?localhost\.?|127\.[\d.]+|0\.0\.0\.0|\[::1?\])$/.test(new URL(url).hostname);
}
