/**
 * Labels say who may see a piece of content, how far it can be trusted and where it came from. This file owns their grammar and join; it reads
 * nothing and runs in browsers.
 *
 * aud:main · aud:job:<id> · aud:domain:<name> · aud:session:<key>   who may read it; without one: every session
 * trust:owner · trust:agent · trust:untrusted                       the person, a model, content from outside
 * src:web:<host> · src:mcp:<server> · src:channel:<key> · src:webhook:<hook> …           where untrusted content came from
 */

export type Trust = "owner" | "agent" | "untrusted";

/** Sorted and unique: equal labels have equal texts. */
export interface Labels {
  /** `main`, `job:blog`. A reader must be cleared for all of them. */
  readonly audiences: readonly string[];
  readonly trust: Trust;
  /** `web:example.com` */
  readonly sources: readonly string[];
}

/** What a session may read: everything, or content whose audiences are all listed. */
export type Clearance = "all" | readonly string[];

export const labelLimits = {
  /** Length of a label. */
  charsMax: 256,
  audiencesMax: 32,
  /** Per kind; more become `src:<kind>:*`. */
  sourcesPerKindMax: 16,
} as const;

const sourceKinds = [
  "web",
  "mcp",
  "channel",
  "service",
  "program",
  "import",
  "client",
  "webhook",
  "mail",
  "calendar",
] as const;
export type SourceKind = (typeof sourceKinds)[number];
const audienceKinds = ["domain", "job", "session"] as const;
export type AudienceKind = (typeof audienceKinds)[number];

/** Replaces the audiences when there are too many: only clearance for everything covers it. */
const everyAudience = "*";
const name = String.raw`[A-Za-z0-9._~%*:@!'()\[\]-]+`;
const audiencePattern = new RegExp(`^aud:(main|\\*|(?:${audienceKinds.join("|")}):${name})$`);
const sourcePattern = new RegExp(`^src:((?:${sourceKinds.join("|")}):${name})$`);
const trustPattern = /^trust:(owner|agent|untrusted)$/;
const ranks: Record<Trust, number> = { untrusted: 0, agent: 1, owner: 2 };

/** Labels of content with missing or unreadable labels. */
export const missingLabels: Labels = { audiences: ["main"], trust: "untrusted", sources: [] };
/** Facts that Roost or the person vouches for, open to every session. Neutral in joins. */
export const openLabels: Labels = { audiences: [], trust: "owner", sources: [] };
/** Facts that Roost or the person vouches for, open to the person's own sessions only. */
export const mainLabels: Labels = { audiences: ["main"], trust: "owner", sources: [] };

/** Missing or unreadable labels count as `aud:main trust:untrusted`, joined with the readable ones. */
export function parseLabels(texts: readonly string[] | null | undefined): Labels {
  if (texts === null || texts === undefined || texts.length === 0) return missingLabels;
  const audiences: string[] = [];
  const sources: string[] = [];
  let trust: Trust | undefined;
  let isReadable = true;
  for (const text of texts) {
    const audience = readAudience(text);
    const source = text.length > labelLimits.charsMax ? undefined : sourcePattern.exec(text)?.[1];
    const level = trustPattern.exec(text)?.[1] as Trust | undefined;
    if (audience !== undefined) audiences.push(audience);
    else if (source !== undefined) sources.push(source);
    else if (level !== undefined) trust = trust === undefined ? level : lower(trust, level);
    else isReadable = false;
  }
  const read = normal({ audiences, trust: trust ?? "untrusted", sources });
  return isReadable && trust !== undefined ? read : joinLabels(read, missingLabels);
}

/** The first text that is not a label. */
export function findUnreadable(texts: readonly string[]): string | undefined {
  const isLabel = (text: string) => audiencePattern.test(text) || sourcePattern.test(text) || trustPattern.test(text);
  return texts.find((text) => text.length > labelLimits.charsMax || !isLabel(text));
}

/** The audience that an `aud:` label names; undefined for any other text. */
export function readAudience(text: string): string | undefined {
  return text.length > labelLimits.charsMax ? undefined : audiencePattern.exec(text)?.[1];
}

/** The canonical order: audiences, sources, trust. */
export function formatLabels({ audiences, trust, sources }: Labels): string[] {
  return [...audiences.map((each) => `aud:${each}`), ...sources.map((each) => `src:${each}`), `trust:${trust}`];
}

/** Labels of content derived from several: all audiences and sources, the lowest trust. For none: openLabels. */
export function joinLabels(...parts: readonly Labels[]): Labels {
  return normal({
    audiences: parts.flatMap((part) => part.audiences),
    trust: parts.reduce<Trust>((lowest, part) => lower(lowest, part.trust), "owner"),
    sources: parts.flatMap((part) => part.sources),
  });
}

/** Whether a session of this clearance may read it. */
export function covers(clearance: Clearance, { audiences }: Labels): boolean {
  return clearance === "all" || audiences.every((audience) => clearance.includes(audience));
}

export function isUntrusted({ trust }: Labels): boolean {
  return trust === "untrusted";
}

/** Lowers the trust to at most this one. */
export function trustedAtMost(labels: Labels, trust: Trust): Labels {
  return joinLabels(labels, { ...openLabels, trust });
}

/** Content stored in a place read by one session: the place sets the audience; trust and sources stay. */
export function placedFor(labels: Labels, audiences: readonly string[]): Labels {
  const kept = labels.audiences.filter((audience) => audience.startsWith("domain:") || audience === everyAudience);
  return normal({ ...labels, audiences: [...kept, ...audiences] });
}

/** `job:blog`; characters that labels cannot hold are percent-encoded, and it is cut. */
export function audienceOf(kind: AudienceKind, of: string): string {
  return `${kind}:${encodedName(of)}`;
}

/** Labels of content from outside, by source. */
export function untrustedFrom(kind: SourceKind, of: string): Labels {
  return { audiences: [], trust: "untrusted", sources: [`${kind}:${encodedName(of)}`] };
}

/** With at most so many sources, of so many characters in all: what has most of them becomes `<kind>:*` first. */
export function withFewSources(
  labels: Labels,
  { sourcesMax, charsMax }: { sourcesMax: number; charsMax: number },
): Labels {
  let { sources } = normal(labels);
  while (sources.length > sourcesMax || sources.join(" ").length > charsMax) {
    const named = sources.filter((source) => !source.endsWith(":*"));
    const [most] = [...Map.groupBy(named, kindOf)].toSorted(([, a], [, b]) => b.join(" ").length - a.join(" ").length);
    if (most === undefined) break;
    sources = boundedSources(sorted([...sources, `${most[0]}:*`]));
  }
  return { ...labels, sources };
}

export function areSameLabels(left: Labels, right: Labels): boolean {
  return formatLabels(left).join(" ") === formatLabels(right).join(" ");
}

function encodedName(of: string): string {
  const encoded = encodeURIComponent(of.toWellFormed()).replaceAll("%3A", ":").replaceAll("%40", "@");
  return encoded === "" ? "%20" : encoded.slice(0, 200);
}

function lower(left: Trust, right: Trust): Trust {
  return ranks[left] <= ranks[right] ? left : right;
}

function normal({ audiences, trust, sources }: Labels): Labels {
  return { audiences: boundedAudiences(sorted(audiences)), trust, sources: boundedSources(sorted(sources)) };
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function boundedAudiences(audiences: string[]): string[] {
  return audiences.length > labelLimits.audiencesMax || audiences.includes(everyAudience) ? [everyAudience] : audiences;
}

function boundedSources(sources: string[]): string[] {
  const kept: string[] = [];
  for (const [kind, ofKind] of Map.groupBy(sources, kindOf)) {
    const any = `${kind}:*`;
    kept.push(...(ofKind.length > labelLimits.sourcesPerKindMax || ofKind.includes(any) ? [any] : ofKind));
  }
  return sorted(kept);
}

function kindOf(source: string): string {
  return source.slice(0, source.indexOf(":"));
}
