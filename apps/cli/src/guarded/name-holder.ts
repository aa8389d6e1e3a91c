/** Names the holder of a lock or a once key: this process on this host, unique for all time. */
import { basename } from "node:path";
import { hostname, userInfo } from "node:os";
import { createId } from "@roost/base";

export function nameHolder(): string {
  return `${userName()}@${hostname().slice(0, 60)}:${process.pid}:${createId().slice(-8)}`;
}

/** Only the program's name: arguments may hold secrets, and others see the purpose. */
export function describePurpose(command: readonly string[]): string {
  return basename(command[0] ?? "").slice(0, 200);
}

function userName(): string {
  try {
    return userInfo().username.slice(0, 32);
  } catch {
    return "user";
  }
}
