/** Which instances of services a gateway calls: what listens on the loopback of another machine is not there where this one would call it. */
import type { ListedService, Services } from "@roost/service";

/** `host`: of the joined host on which this gateway runs; undefined: the home's machine. */
export function reachedServices<Given extends Pick<Services, "directory">>(services: Given, host?: string): Given {
  if (host === undefined) return services;
  const { directory } = services;
  const find = async (name: string) => onlyReached(await directory.find(name), host);
  return { ...services, directory: { ...directory, find } };
}

function onlyReached(service: ListedService, host: string): ListedService {
  const instances = service.instances.filter((one) => one.host === host || !isLoopback(one.url));
  const isFar = instances.length === 0 && service.instances.length > 0;
  const reason = "it listens on the loopback of another machine, so ask the gateway of the home";
  return { ...service, instances, reason: isFar ? reason : service.reason };
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}
