/** Who said it: the source that a row keeps, and the labels by which its record tells of it. */
import type { Principal } from "@roost/contract";
import {
  formatLabels,
  isUntrusted,
  joinLabels,
  openLabels,
  untrustedFrom,
  withFewSources,
  type Labels,
} from "@roost/contract/labels";
import { sources } from "../contract/records.ts";

/** What the person typed or confirmed has one source. */
export const typed = "owner";

/** What others say in the person's place, and what they say that may come from outside. */
const by = "by:";
const outside = "outside:";
const authorMax = 100;
/** Behind an author stand the sources of what their run had read. */
const mark = "\t";
/** Sources are part of keys: one has at most 2,700 bytes. */
const readLimits = { sourcesMax: 16, charsMax: 1_500 };

/** The source of what a caller says: only the person's own word is theirs. What a run knows of unknown origin counts as from outside. */
export function authorOf({ id, kind, run }: Principal): string {
  if (kind === "owner" || kind === "device") return typed;
  const isFromOutside = run === undefined ? kind === "channel" : run.labels === undefined || isUntrusted(run.labels);
  const { sources: read } = withFewSources(run?.labels ?? openLabels, readLimits);
  return [`${isFromOutside ? outside : by}${id}`.slice(0, authorMax), ...read].join(mark);
}

/** As a record names it: what a run had read stands in the record's labels. */
export function toldSource(source: string): string {
  return source.split(mark, 1)[0]!;
}

/** A book of such a name would be taken for what somebody said here. */
export function isAuthor(source: string): boolean {
  return source === typed || source.startsWith(by) || source.startsWith(outside);
}

/** Labels of what was said by these sources together; null: there is nothing of one. */
export function labelsOf(...said: readonly (string | null)[]): string[] {
  return formatLabels(joinLabels(...said.map((source) => (source === null ? openLabels : labelsOfSource(source)))));
}

/** A sender may be forged, and the owner quotes others: no message is believed. Without a sender: the owner's. */
export function labelsOfMessage(source: string, sender: string | undefined): string[] {
  return formatLabels(fromChannel(source, sender ?? typed));
}

function labelsOfSource(source: string): Labels {
  if (source === typed) return openLabels;
  const [author = "", ...read] = source.split(mark);
  if (author.startsWith(by)) return { audiences: [], trust: "agent", sources: read };
  if (author.startsWith(outside)) {
    const own = untrustedFrom("program", author.slice(outside.length));
    return joinLabels(own, { ...openLabels, sources: read });
  }
  if (sources.some((each) => each === source)) return fromChannel(source);
  return untrustedFrom("import", source);
}

function fromChannel(source: string, ...sender: readonly string[]): Labels {
  return untrustedFrom("channel", [source, ...sender].join(":"));
}
