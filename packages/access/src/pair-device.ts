import type { Kernel, KernelTransaction } from "@roost/kernel";
import { insertToken, type MadeToken } from "./create-token.ts";
import { redeemPairing, type Pairing } from "./pairing.ts";

/** What pairs a device. */
export const devicePurpose = "device";

/**
 * Makes the token of a device that brought its code, in the transaction that uses the code. Undefined for a code that does not count.
 * @throws RoostError as createToken
 */
export async function pairDevice(kernel: Kernel, { code }: { code: string }): Promise<MadeToken | undefined> {
  return kernel.transact(async (tx) => {
    const pairing = await redeemPairing(tx, { purpose: devicePurpose, code });
    return pairing && insertPaired(tx, kernel, { pairing, kind: "device", wished: pairing.name ?? "device" });
  });
}

/** The token that a used code stands for, under a name that is free. */
export async function insertPaired(
  tx: KernelTransaction,
  kernel: Kernel,
  { pairing, kind, wished }: { pairing: Pairing; kind: "device" | "host"; wished: string },
): Promise<MadeToken> {
  const taken = await tx.query<{ name: string }>(
    "select name from access.token where revoked_at is null and starts_with(name, $1)",
    [wished],
  );
  const names = new Set(taken.map(({ name }) => name));
  let name = wished;
  for (let number = 2; names.has(name); number += 1) name = `${wished}-${number}`;
  const { scopes, createdBy: by } = pairing;
  return insertToken(tx, { id: kernel.createId(), name, kind, scopes, by });
}
