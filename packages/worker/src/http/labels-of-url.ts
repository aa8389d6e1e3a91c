import { untrustedFrom, type Labels } from "@roost/contract/labels";

/** Labels of content from this URL, whichever server answered. */
export function labelsOfUrl(url: string): Labels {
  return untrustedFrom("web", URL.canParse(url) ? new URL(url).hostname : "unknown");
}
