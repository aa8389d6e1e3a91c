import { timingSafeEqual } from "node:crypto";

/** Whether what was given is the secret, in a time that says nothing of how much of it is right. */
export function isSameSecret(given: Uint8Array, expected: Uint8Array): boolean {
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
