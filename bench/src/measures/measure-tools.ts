/**
 * What tools on demand save: the tokens of every tool's schema in the prompt of an agent of twenty services, against the list that it is shown
 * and the answers of find_tools; and whether a tool is found by what it is for. Roost's own operations stand in for those of domains.
 */
import { createToolList, estimatePrompt, type Tool, type ToolDescription } from "@roost/agent";
import { createOpenApi, defineService } from "@roost/contract";
import { roostContract } from "@roost/contract/roost";
import { createServiceTools } from "@roost/worker";
import type { Figure, Measure } from "../measure.ts";

const serviceCount = 20;
const operationsPerService = 15;
/** Searches in a conversation of some length. */
const searchCount = 3;

export const measureTools: Measure = async ({ isQuick, onProgress }) => {
  onProgress(`tokens of ${serviceCount} services of ${operationsPerService} operations`);
  const names = Array.from({ length: serviceCount }, (_, index) => `domain-${index}`);
  const tools = await readTools(names);
  const all = createToolList(tools, { first: tools.map(({ name }) => name) });
  const list = createToolList(tools, { first: [], services: names });
  const whole = tokensOf(all.descriptions);
  const shown = tokensOf(list.descriptions);
  const answers: number[] = [];
  let foundCount = 0;
  const asked = isQuick ? tools.slice(0, 10) : tools;
  for (const tool of asked) {
    const text = await find(list, wordsOf(tool));
    answers.push(tokensOf([{ name: "", description: text, inputSchema: {} }]));
    if (text.includes(`${tool.name}(`)) foundCount += 1;
  }
  const answer = answers.reduce((sum, count) => sum + count, 0) / answers.length;
  return [
    {
      name: `prompt of ${tools.length} tools of ${serviceCount} services, estimated tokens with find_tools`,
      value: Math.round(shown + searchCount * answer).toLocaleString("en"),
      details: `the list ${shown}, and ${searchCount} searches of ${Math.round(answer)} each; every schema in the prompt ${whole.toLocaleString("en")}, ${Math.round(whole / (shown + searchCount * answer))} times as much`,
    },
    found(foundCount, asked.length),
  ];
};

function found(foundCount: number, askedCount: number): Figure {
  return {
    name: "tools that find_tools shows when it is asked in the words of their summary and service",
    value: `${Math.round((100 * foundCount) / askedCount)} %`,
    details: `${foundCount} of ${askedCount}, among the first that fit into one answer`,
  };
}

/** As a worker has them of services in the address table. */
async function readTools(names: readonly string[]): Promise<Tool[]> {
  const operations = roostContract.operations.filter(
    ({ stream, contentField, answersContent }) => !stream && contentField === undefined && answersContent === undefined,
  );
  const documents = new Map(
    names.map((name, index) => {
      const own = Array.from({ length: operationsPerService }, (_, place) => {
        const operation = operations[(index * operationsPerService + place) % operations.length]!;
        return {
          ...operation,
          query: undefined,
          effect: "unsafe" as const,
          access: { ...operation.access, audience: undefined },
        };
      });
      const contract = defineService({ name, title: name, operations: own });
      return [name, createOpenApi(contract, { version: "1" })] as const;
    }),
  );
  const listed = names.map((name) => ({ ...nothingRunning, name, title: name, contractHash: name }));
  const toolsFor = createServiceTools({
    directory: {
      list: () => Promise.resolve(listed),
      find: () => Promise.reject(new Error("nothing is called")),
      contractOf: (name) => Promise.resolve(documents.get(name)!),
    },
    call: () => Promise.reject(new Error("nothing is called")),
  });
  return await toolsFor({ id: "", epoch: 0 } as never, { services: [...names] });
}

const nothingRunning = { instances: [], reason: null, statements: [], guide: "", isEnabled: true };

async function find(list: ReturnType<typeof createToolList>, query: string): Promise<string> {
  const { tool } = list.resolve({ toolCallId: "", toolName: "find_tools", argumentsText: "{}" });
  const result = await tool!.execute({ query }, {} as never);
  if (result.state !== "done" || typeof result.output !== "string") throw new Error("find_tools gave no answer");
  return result.output;
}

/** "domain-3: Lists the runs." without the name of the operation. */
function wordsOf({ description }: Tool): string {
  return description.split(".")[0]!;
}

function tokensOf(tools: ToolDescription[]): number {
  return estimatePrompt({ sections: [], messages: [], tools });
}
