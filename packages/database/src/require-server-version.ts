import { RoostError } from "@roost/base";

const serverVersionMin = 150_000;

/** @throws RoostError `invalid_input` for a server older than 15; `number` as in server_version_num */
export function requireServerVersion(number: number, text: string): void {
  if (number >= serverVersionMin) return;
  throw new RoostError(
    "invalid_input",
    `the server is PostgreSQL ${text}, the oldest supported is 15: upgrade it, or unset DATABASE_URL to use the bundled one`,
  );
}
