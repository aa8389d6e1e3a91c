import { RoostError } from "@roost/base";
import type { AddressRules } from "../../http/check-address.ts";

/** Secrets and what is private go over TLS; to a host of the person's own network as the settings allow it. @throws RoostError `forbidden` */
export function refusePlain(address: string, { allow }: AddressRules): void {
  const url = new URL(address);
  if (url.protocol === "https:" || allow.some((rule) => rule === url.host || rule === url.hostname)) return;
  throw new RoostError(
    "forbidden",
    `${url.host} would be called without TLS: to allow it, add "${url.host}" under http.allow in roost.yaml`,
  );
}
