import { untrustedFrom, type Labels } from "@roost/contract/labels";

/** Of what comes from there, whoever it was that answered. */
export function labelsOfUrl(url: string): Labels {
  return untrustedFrom("web", URL.canParse(url) ? new URL(url).hostname : "unknown");
}
