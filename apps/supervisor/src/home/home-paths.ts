import { join } from "node:path";

/** Paths of Roost's internal files in a home. Everything else belongs to the person. */
export interface HomePaths {
  home: string;
  machinery: string;
  /** Says that the home was created. */
  mark: string;
  /** One file per process that tries to own the home. */
  claims: string;
  /** Describes the owner, for people and `roost down`. */
  owner: string;
  /** Why the last start ended before the home was up, for `roost doctor`; missing after a start that went well. */
  refusal: string;
  token: string;
  logs: string;
  log: string;
  postgres: string;
}

export function homePaths(home: string): HomePaths {
  const machinery = join(home, ".roost");
  const logs = join(machinery, "logs");
  return {
    home,
    machinery,
    mark: join(machinery, "home.json"),
    claims: join(machinery, "claims"),
    owner: join(machinery, "owner.json"),
    refusal: join(machinery, "refusal.json"),
    token: join(machinery, "token"),
    logs,
    log: join(logs, "roost.log"),
    postgres: join(machinery, "postgres"),
  };
}
