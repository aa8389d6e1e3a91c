import { getDomain } from "tldts";

/** Whether two hosts are one owner's: of one domain as it is registered (`example.co.uk`), or below one name of a suffix where many have theirs. */
export function isSameDomain(host: string, other: string): boolean {
  const domain = (name: string) => getDomain(name, { allowPrivateDomains: true }) ?? name;
  return domain(host) === domain(other);
}
