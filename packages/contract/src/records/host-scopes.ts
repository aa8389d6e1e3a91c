/** What hosts may do and run, by their scopes. Without a schema, so that a page in a browser can import it. */
/** What a host that keeps the files may do when nothing else is said. */
export const hostScopes = [
  "files:read",
  "files:write",
  "hosts:read",
  "hosts:write",
  "runs:read",
  "status:read",
] as const;

/** What a host that reads no files of the home may do when nothing else is said. */
export const processScopes = ["hosts:read", "hosts:write", "status:read"] as const;

/** The scopes with which a host runs processes of the home: a code that has one brings a login for the database. */
export const workersScope = "workers:run";
export const schedulersScope = "schedulers:run";
export const relayScope = "relay:run";
export const gatewaysScope = "gateways:run";
export function serviceScope(name: string): string {
  return `${name}:host`;
}

/** What a host may run of the home. */
export interface HostRoles {
  workers: boolean;
  schedulers: boolean;
  /** Between the log and Kafka. */
  relay: boolean;
  gateways: boolean;
  /** By name. */
  services: string[];
}

/** Undefined: nothing. */
export function rolesOf(scopes: readonly string[]): HostRoles | undefined {
  const services = scopes.flatMap((scope) => /^(.+):host$/.exec(scope)?.[1] ?? []);
  const roles = {
    workers: scopes.includes(workersScope),
    schedulers: scopes.includes(schedulersScope),
    relay: scopes.includes(relayScope),
    gateways: scopes.includes(gatewaysScope),
    services,
  };
  const isAny = roles.workers || roles.schedulers || roles.relay || roles.gateways || services.length > 0;
  return isAny ? roles : undefined;
}
