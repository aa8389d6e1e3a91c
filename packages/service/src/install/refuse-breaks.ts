/** A contract by which callers lose something is put in place only when its major version, or the person, says that it is meant. */
import { RoostError } from "@roost/base";
import { listContractBreaks, type OpenApiDocument } from "@roost/contract";
import type { Sql } from "@roost/database";

const toldMax = 5;

/** Compares with the contract that was accepted last, of a service that left too. @throws RoostError `conflict`, with the paths */
export async function refuseBreaks(sql: Sql, service: string, newer: OpenApiDocument): Promise<void> {
  const [accepted] = await sql.query<{ document: OpenApiDocument }>(
    `select c.document from service.service s join service.contract c on c.hash = s.contract_hash where s.name = $1`,
    [service],
  );
  if (accepted === undefined || majorOf(newer) > majorOf(accepted.document)) return;
  const breaks = listContractBreaks(accepted.document, newer);
  if (breaks.length === 0) return;
  const told = breaks.slice(0, toldMax).map(({ path, reason }) => `${path}: ${reason}`);
  const more = breaks.length > toldMax ? [`${breaks.length - toldMax} more`] : [];
  throw new RoostError(
    "conflict",
    `service "${service}" takes away what its callers know: ${[...told, ...more].join("; ")}. Put it back, give the contract another major version, or accept it with roost service migrate ${service} --accept-breaks`,
    { details: { breaks: breaks.map(({ path, reason }) => ({ path, reason })) } },
  );
}

function majorOf({ info }: OpenApiDocument): number {
  return Number.parseInt(String((info as { version?: string } | undefined)?.version), 10) || 0;
}
