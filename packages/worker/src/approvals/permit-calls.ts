/**
 * Which calls of an agent's tools are made, refused, or need a person's approval. By strength: what the agent's policies deny; writes to files that
 * other sessions follow, once the run has read untrusted content; what the policies ask for; jobs that such a run would start, pause or resume; calls
 * that would send out what it knows (the rule of two: untrusted input, private data, a way out: never all three without a person). Every session that has tools sees
 * files of the person, so each counts as knowing something private.
 */
import type { CallFacts, Message, Permit, PermitCall, PlannedCall } from "@roost/agent";
import { asksBeforeJobs } from "@roost/agent/journal";
import type { AgentDefinition } from "@roost/contract/operations";
import { consolidateTool, heldFile, isOwnPath } from "@roost/memory";
import { hostOf } from "../http/host-of.ts";
import { policyOf, type FoundPolicy } from "../tools/policy-of.ts";

// Reasons and rules are part of the journal: another wording, or a rule that asks for more, needs a new loop version.
const heldWrites = "held-writes/2";
const ofAgent = "agent-policy/1";
const ruleOfTwo = "rule-of-two/1";
/** Asks each time, unless its agent's policies name it, or a person has granted this remote and branch. */
const push = "git_push";
const pushes = "pushes/1";
const consolidation = "consolidation/1";
/** What they do goes on behind the run: a person may allow them for a job. */
const ofJobs: Record<string, string> = { run_job: "start a job", pause_job: "pause or resume a job" };
const jobRule = "jobs/1";
/** Of tools that name no target: what is allowed is the tool. */
const anyTarget = "*";

/** Pure: the agent is the version that the run was created with. */
export function permitCalls({ policies = {} }: Pick<AgentDefinition, "policies">): PermitCall {
  return (call, facts) => {
    const held = decideHeldWrite(call, facts);
    const { name } = call.tool;
    const policy = policyOfCall(policies, call);
    if (policy?.decision === "deny")
      return { state: "refused", reason: `its agent may not call ${name} (policies: ${policy.pattern}: deny)` };
    if (held !== undefined) return held;
    if (isOwnBusiness(call)) return { state: "granted" };
    const target = call.reach?.target ?? anyTarget;
    if (policy?.decision === "ask")
      return { state: "ask", reason: `its agent asks before each call of ${name}`, policy: ofAgent, target };
    if (policy?.decision === "ask-when-tainted" && facts.isUntrusted)
      return {
        state: "ask",
        reason: `the run has read content that nobody vouches for, and its agent asks before it calls ${name} then`,
        policy: ofAgent,
        target,
      };
    // A person who names the tool itself has decided; a pattern also covers tools that the person never thought of.
    if (policy?.decision === "allow" && isNamed(policy, name)) return { state: "granted" };
    if (name === push) return { state: "ask", reason: "what it pushes leaves this machine", policy: pushes, target };
    if (name === consolidateTool)
      return { state: "ask", reason: "it changes what the agent remembers", policy: consolidation, target };
    const ofJob = asksBeforeJobs(facts.loopVersion) && facts.isUntrusted ? ofJobs[name] : undefined;
    if (ofJob !== undefined)
      return {
        state: "ask",
        reason: `the run has read content that nobody vouches for and would now ${ofJob}`,
        policy: jobRule,
        target,
      };
    return decideWayOut(call, facts);
  };
}

/** Of a call that reaches several: what is denied of one, then what is said of them together, then what is asked of one, or else allowed of each. */
function policyOfCall(
  policies: NonNullable<AgentDefinition["policies"]>,
  { tool: { name }, reach }: PlannedCall,
): FoundPolicy | undefined {
  const together = policyOf(policies, name, reach?.target);
  if (reach?.targets === undefined || reach.targets.length < 2) return together;
  const each = reach.targets.map((target) => policyOf(policies, name, target));
  const found = (decision: FoundPolicy["decision"]) => each.find((one) => one?.decision === decision);
  const ofAll = together?.pattern.includes("@") === true ? together : undefined;
  const strictest = found("deny") ?? ofAll ?? found("ask") ?? found("ask-when-tainted");
  return strictest ?? (each.every((one) => one !== undefined && isNamed(one, name)) ? each[0] : undefined);
}

function isNamed({ pattern }: FoundPolicy, tool: string): boolean {
  return pattern.split("@")[0] === tool;
}

function decideHeldWrite({ tool, input }: PlannedCall, { isUntrusted }: CallFacts): Permit | undefined {
  const what = isUntrusted ? heldBy(tool.name, input) : undefined;
  if (what === undefined) return undefined;
  const reason = `the run has read content that nobody vouches for and would now change ${what}`;
  return { state: "ask", reason, policy: heldWrites };
}

function heldBy(tool: string, input: unknown): string | undefined {
  if (tool === "define_job") return "a job";
  if (tool === consolidateTool) return "what the agent remembers";
  const path = pathOf(tool, input);
  return path === undefined ? undefined : heldFile(path)?.what;
}

function pathOf(tool: string, input: unknown): string | undefined {
  if (tool !== "write_file") return undefined;
  const path = (input as { path?: unknown } | null)?.path;
  return typeof path === "string" ? path : undefined;
}

/** Notes, states and work folders: where an agent keeps its own things. */
function isOwnBusiness({ tool, input }: PlannedCall): boolean {
  if (tool.name === "remember" || tool.name === "set_state") return true;
  const path = pathOf(tool.name, input);
  return path !== undefined && isOwnPath(path);
}

function decideWayOut({ reach }: PlannedCall, { isUntrusted, messages }: CallFacts): Permit {
  if (!isUntrusted || reach === undefined || !reach.isOutside) return { state: "granted" };
  if (reach.carries !== undefined && cameFromOutside(reach.carries, messages)) return { state: "granted" };
  return {
    state: "ask",
    reason: `the run has read content that nobody vouches for, and what it sends to ${reach.target} could carry what it knows of you`,
    policy: ruleOfTwo,
    target: reach.target,
  };
}

/** What only the web says, or the person: a model cannot have put anything of its own there. */
function isFromOutside(message: Message): boolean {
  if (message.role === "tool") return message.toolName === "http_fetch" && message.isError !== true;
  return message.role === "user" && message.isUntrusted !== true;
}

/** An address that stands there word for word, alone or as a path of a page on the same host. */
function cameFromOutside(url: string, messages: readonly Message[]): boolean {
  if (!URL.canParse(url)) return false;
  const { href, host, pathname, search } = new URL(url);
  const texts = messages.filter(isFromOutside).map(({ text }) => unescaped(text));
  const addresses = texts.flatMap((text) => text.match(/https?:\/\/[^\s"'<>\\)\]}]+/g) ?? []).map(normalAddress);
  if (addresses.includes(normalAddress(href))) return true;
  const path = `${pathname}${search}`;
  return addresses.some((address) => hostOf(address) === host) && texts.some((text) => standsIn(text, path));
}

/** Between quotes, spaces or brackets: a longer text that contains it is another address. */
function standsIn(text: string, path: string): boolean {
  const boundary = String.raw`[\s"'<>()\[\]{}=]`;
  return path.length > 1 && new RegExp(`(?:^|${boundary})${RegExp.escape(path)}(?:$|${boundary})`).test(text);
}

/** As JSON and HTML write addresses. */
function unescaped(text: string): string {
  return text
    .replaceAll(String.raw`\/`, "/")
    .replaceAll("&amp;", "&")
    .replaceAll(String.raw`\u0026`, "&");
}

/** Without what ends a sentence, and without a fragment, which is not sent. */
function normalAddress(text: string): string {
  // Looked for once: of a page that is all semicolons, a try at each of them would hold up the worker.
  const address = text.replace(/(?<![.,;:!?])[.,;:!?]+$/, "");
  return URL.canParse(address) ? new URL(address).href.replace(/#.*$/s, "") : address;
}
