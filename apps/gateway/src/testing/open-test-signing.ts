import { makeSigningKey, openSigning, type Signing } from "@roost/access";
import { silentLogger, type Clock } from "@roost/base";

/** Of a gateway whose key is in no database. */
export async function openTestSigning(clock: Clock): Promise<Signing> {
  let publicKey: unknown;
  const query = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> => {
    if (text.includes("publish")) [publicKey] = values;
    return [{ publicKey }] as Row[];
  };
  return await openSigning({ database: { query }, clock }, { key: makeSigningKey(), logger: silentLogger });
}
