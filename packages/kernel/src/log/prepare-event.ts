/** Turns a draft into what is appended: checked against its schema and all limits, encoded, with its partition. */
import { isStorableJson, isStorableText, RoostError, storableValue, type JsonValue } from "@roost/base";
import { findUnreadable, missingLabels, parseLabels, type Labels } from "@roost/contract/labels";
import type { EventDraft } from "./event.ts";
import { labelSetNumbers, type LabelSets } from "./label-sets.ts";
import { partitionOf } from "./murmur2.ts";
import type { KnownSchema } from "./event-schema.ts";

export const eventBytesMax = 1_000_000;
const charsMax = {
  id: 256,
  source: 1000,
  subject: 1024,
  key: 1024,
  correlation: 256,
  causation: 256,
  traceparent: 64,
};
const labelCountMax = 256;

export interface PreparedEvent {
  topic: string;
  partition: number;
  id: string;
  type: string;
  version: number;
  source: string;
  subject: string | null;
  key: string | null;
  correlation: string;
  causation: string | null;
  traceparent: string | null;
  labels: Labels;
  /** Undefined: the number of its labels is still to be found. */
  labelSet: number | undefined;
  /** JSON text. */
  payload: string;
  bytes: number;
}

/** An event whose labels have their number. */
export type NumberedEvent = PreparedEvent & { labelSet: number };

/** @throws RoostError `invalid_input` naming the event's type, the field and the error */
export function prepareEvent(
  draft: EventDraft,
  id: string,
  schema: KnownSchema,
  defaults: { source: string; labelSets: Pick<LabelSets, "find"> },
): PreparedEvent {
  const { data, payload } = toStorable(draft);
  const complaints = schema.validate(data);
  if (complaints.length > 0) {
    throw new RoostError(
      "invalid_input",
      `event "${draft.type}" is not valid against version ${schema.version} of its schema: ${complaints.join("; ")}`,
      {
        details: { type: draft.type, version: schema.version, complaints },
      },
    );
  }
  const bytes = Buffer.byteLength(payload);
  if (bytes > eventBytesMax) {
    throw new RoostError(
      "invalid_input",
      `event "${draft.type}" has ${bytes} bytes of data (limit ${eventBytesMax}): store the content as an object and refer to it`,
    );
  }
  const subject = draft.subject ?? null;
  const unkeyed = subject ?? id;
  const prepared: PreparedEvent = {
    topic: schema.topic,
    partition: partitionOf(draft.key ?? unkeyed, schema.partitionCount),
    id,
    type: draft.type,
    version: schema.version,
    source: draft.source ?? defaults.source,
    subject,
    key: draft.key === undefined || draft.key === unkeyed ? null : draft.key,
    correlation: draft.correlation ?? id,
    causation: draft.causation ?? null,
    traceparent: draft.traceparent ?? null,
    ...labelsOf(draft, defaults.labelSets),
    payload,
    bytes,
  };
  for (const name of ["id", "source", "subject", "key", "correlation", "causation", "traceparent"] as const) {
    checkText(draft.type, name, prepared[name]);
  }
  return prepared;
}

function labelsOf(
  { type, labels, labelSet }: EventDraft,
  labelSets: Pick<LabelSets, "find">,
): { labels: Labels; labelSet: number | undefined } {
  if (labelSet !== undefined) return { labels: missingLabels, labelSet };
  if (labels === undefined) return { labels: missingLabels, labelSet: labelSetNumbers.missing };
  if (labels.length > labelCountMax) {
    throw new RoostError("invalid_input", `event "${type}" has ${labels.length} labels (limit ${labelCountMax})`);
  }
  const unreadable = findUnreadable(labels);
  if (unreadable !== undefined) {
    throw new RoostError(
      "invalid_input",
      `event "${type}": ${JSON.stringify(unreadable.slice(0, 64))} is not a label: write for example aud:main, trust:agent or src:web:example.com`,
    );
  }
  const parsed = parseLabels(labels);
  return { labels: parsed, labelSet: labelSets.find(parsed) };
}

/**
 * NUL and lone surrogates come from models and tools (input of people is refused at the edge): they are replaced, since one such text would keep a
 * run from ending.
 */
function toStorable(draft: EventDraft): { data: EventDraft["data"]; payload: string } {
  try {
    const payload = JSON.stringify(draft.data);
    if (isStorableJson(payload)) return { data: draft.data, payload };
    const data = storableValue(draft.data as JsonValue) as EventDraft["data"];
    return { data, payload: JSON.stringify(data) };
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `event "${draft.type}" has data that JSON cannot express: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function checkText(type: string, name: keyof typeof charsMax, text: string | null): void {
  if (text === null) return;
  if (text.length === 0 || text.length > charsMax[name] || !isStorableText(text)) {
    throw new RoostError(
      "invalid_input",
      `event "${type}": ${name} ${JSON.stringify(text.slice(0, 64))} must be well-formed text of 1 to ${charsMax[name]} characters without NUL`,
    );
  }
}
