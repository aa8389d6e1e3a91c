import type { Logger } from "@roost/base";
import { changeDatabaseUrl, openDatabase, type Database } from "@roost/database";
import type { InstalledService } from "./install-service.ts";
import { limitMs } from "./role-statements.ts";

export interface ConnectServiceOptions {
  /** Of the home's database, as any user. */
  databaseUrl: string;
  installed: InstalledService;
  logger: Logger;
  poolMax?: number;
  /** When connections close that are not used. */
  idleMsMax?: number;
}

const poolMaxDefault = 4;
/** Connections are for work: an idle service has none. */
const idleMsMaxDefault = 10_000;

/** Opens connections by a login of a service, as its role and with its limits. */
export function connectService(options: ConnectServiceOptions): Promise<Database> {
  const { databaseUrl, installed, logger, poolMax = poolMaxDefault, idleMsMax = idleMsMaxDefault } = options;
  return openDatabase({
    url: changeDatabaseUrl(databaseUrl, { user: { name: installed.loginName, password: installed.password } }),
    poolMax,
    applicationName: `roost service ${installed.name}`,
    logger,
    idleConnectionMsMax: idleMsMax,
    keepsOne: false,
    statementTimeoutMsMax: limitMs,
    idleInTransactionMsMax: limitMs,
  });
}
