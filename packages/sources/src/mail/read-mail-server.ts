import { RoostError } from "@roost/base";
import type { MailServer } from "./open-mailboxes.ts";

/** A server as a person writes it, `imaps://eva%40example.com@mail.example.com`; `imap://` begins with STARTTLS. @throws RoostError `invalid_input` */
export function readMailServer(text: string): Omit<MailServer, "password"> {
  const url = URL.parse(text);
  const isSecure = url?.protocol === "imaps:";
  const user = decoded(url?.username ?? "");
  if (url === null || (!isSecure && url.protocol !== "imap:") || user === "" || url.hostname === "")
    throw new RoostError("invalid_input", "give the server as imaps://USER@HOST, with %40 for an @ in the user's name");
  if (url.password !== "")
    throw new RoostError("invalid_input", "a password does not belong into the address: name the secret that holds it");
  const port = url.port === "" ? (isSecure ? 993 : 143) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { host, port, user, isSecure };
}

/** Empty: it is no encoded name, as one with a bare percent sign. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return "";
  }
}
