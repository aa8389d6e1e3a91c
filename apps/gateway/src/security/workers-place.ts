/** What a host that runs workers needs of the home, and why it cannot have it: a database and an object store that both reach. Read by those who bring a code. */
import { RoostError } from "@roost/base";
import type { WorkersNeeds } from "@roost/contract/operations";
import { changeDatabaseUrl, parseDatabaseUrl } from "@roost/database";
import { secretsOfWorkers, type Settings } from "@roost/memory/settings";
import type { HostLogin } from "@roost/access";

export interface WorkersPlace {
  homeId: string;
  /** Of the home's own user; undefined: the PostgreSQL that comes with Roost. */
  databaseUrl: string | undefined;
  /** As OBJECTS_URL names it; undefined: on the home's disk. */
  objects: string | undefined;
}

/** @throws RoostError `conflict` that says what the person has to do first */
export function needsOfWorkers({ homeId, databaseUrl, objects }: WorkersPlace, settings: Settings): WorkersNeeds {
  if (databaseUrl === undefined)
    throw new RoostError(
      "conflict",
      "the home stands on the PostgreSQL that comes with Roost, whose only door is a socket on its own machine: a host can watch it and keep files (roost hosts invite without --workers); for workers elsewhere move it first, with roost database move URL to a PostgreSQL that both reach (docs/postgresql.md)",
    );
  if (objects === undefined)
    throw new RoostError(
      "conflict",
      "versions of files and parts of messages are on the home's own disk, which a worker elsewhere cannot read: set OBJECTS_URL to a bucket that both reach, and start the home once, which carries them there (docs/running.md)",
    );
  const servers = parseDatabaseUrl(databaseUrl).hosts.map(({ name }) => name);
  return { homeId, servers, objects, secrets: secretsOfWorkers(settings) };
}

/** The home's URL with the login of a host. */
export function urlOfLogin({ databaseUrl }: WorkersPlace, { roleName, password }: HostLogin): string {
  return changeDatabaseUrl(databaseUrl!, { user: { name: roleName, password } });
}
