/** Compares a model step's request with the recorded marks of the original: which part differs. */
import { rehearsalModelId, type ModelRequest, type RequestRecord } from "@roost/agent";

export interface RequestDifference {
  part: string;
  recorded: string | null;
  replayed: string | null;
  isUntrusted: boolean;
}

type ToolMarks = Readonly<Record<string, string>>;

export interface ComparedRequests {
  recorded: RequestRecord;
  present: RequestRecord;
  /** As it would be sent. */
  request: ModelRequest;
  /** By name, as last recorded; undefined: before the first record. */
  tools: { recorded: ToolMarks | undefined; present: ToolMarks };
}

export function compareRequests(compared: ComparedRequests): RequestDifference[] {
  const { recorded, present } = compared;
  const differences: RequestDifference[] = [];
  const differ = (part: string, before: string | null, after: string | null, isUntrusted = false) =>
    differences.push({ part, recorded: before, replayed: after, isUntrusted });
  // That a model is used now where it was rehearsed then is not a difference of the request.
  if (recorded.model !== present.model && recorded.model !== rehearsalModelId)
    differ("model", recorded.model, present.model);
  // The limit follows from the model.
  if (recorded.model === present.model && recorded.outputTokensMax !== present.outputTokensMax)
    differ("outputTokensMax", String(recorded.outputTokensMax), String(present.outputTokensMax));
  if (recorded.sections !== present.sections)
    differ("instructions", marked(recorded.sections), marked(present.sections));
  differences.push(...differingMessage(compared));
  if (recorded.tools !== present.tools) differences.push(...differingTools(compared));
  return differences;
}

/** The first difference. Messages that one side has not marked equal those of the request before, which was compared. */
function differingMessage({ recorded, present, request }: ComparedRequests): RequestDifference[] {
  const from = Math.max(recorded.messagesFrom, present.messagesFrom);
  const until = Math.max(recorded.messageCount, present.messageCount);
  for (let place = from; place < until; place += 1) {
    const before = recorded.messages[place - recorded.messagesFrom];
    const after = present.messages[place - present.messagesFrom];
    if (before === after) continue;
    const message = request.messages[place];
    return [
      {
        part: `message ${place + 1} of ${until}${message === undefined ? "" : ` (${message.role})`}`,
        recorded: before === undefined ? null : marked(before),
        replayed: message === undefined ? null : `${message.text} (${after})`,
        isUntrusted: message !== undefined && message.role !== "assistant" && message.isUntrusted === true,
      },
    ];
  }
  return [];
}

function differingTools({ recorded, present, tools }: ComparedRequests): RequestDifference[] {
  if (tools.recorded === undefined)
    return [{ part: "tools", recorded: marked(recorded.tools), replayed: marked(present.tools), isUntrusted: false }];
  const [before, after] = [tools.recorded, tools.present];
  const gone = Object.keys(before).filter((name) => !(name in after));
  const added = Object.keys(after).filter((name) => !(name in before));
  const changed = Object.keys(after).filter((name) => name in before && before[name] !== after[name]);
  const said = [
    ...(gone.length > 0 ? [`without ${gone.join(", ")}`] : []),
    ...(added.length > 0 ? [`with ${added.join(", ")}`] : []),
    ...(changed.length > 0 ? [`${changed.join(", ")} changed`] : []),
  ];
  const part = `tools: ${said.join("; ")}`;
  return said.length === 0 ? [] : [{ part, recorded: listed(before), replayed: listed(after), isUntrusted: false }];
}

function listed(tools: ToolMarks): string {
  return Object.keys(tools).toSorted().join(", ") || "none";
}

/** Of the original only the mark is kept. */
function marked(mark: string): string {
  return `(${mark})`;
}
