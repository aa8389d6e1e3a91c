import { toRoostError } from "@roost/base";

/** Why one thing does not come in. @throws what ends the whole import: the gateway is away, or does not know the caller */
export function reasonOf(error: unknown): string {
  const { code, message } = toRoostError(error);
  if (code === "unavailable" || code === "unauthenticated") throw error;
  return message;
}
