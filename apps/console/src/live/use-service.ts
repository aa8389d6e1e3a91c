import type { Route } from "virtual:routes";
import { useConsole } from "./console-context.ts";

/** A client of a domain service, for its own screens, which know its type: `routes` come from `virtual:routes/<name>`. */
export function useService(name: string, routes: readonly Route[]): unknown {
  const { connect, services } = useConsole();
  const client = services.get(name) ?? connect(`/services/${name}`, routes);
  services.set(name, client);
  return client;
}
