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

/** What a host that runs no workers may do when nothing else is said. */
export const processScopes = ["hosts:read", "hosts:write", "status:read"] as const;

/** The scopes with which a host runs processes of the home: a code that has one brings a login for the database. */
export const workersScope = "workers:run";
export const schedulersScope = "schedulers:run";
export const relayScope = "relay:run";
export function serviceScope(name: string): string {
  return `${name}:host`;
}

/** What a host may run of the home. */
export interface HostRoles {
  workers: boolean;
  schedulers: boolean;
  /** Between the log and Kafka. */
  relay: boolean;
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
    services,
  };
  return roles.workers || roles.schedulers || roles.relay || services.length > 0 ? roles : undefined;
}
