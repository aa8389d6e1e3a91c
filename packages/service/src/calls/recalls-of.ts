/** Which services answer beside the home when something is recalled: those with an operation `recall` that only reads. */
import type { ServiceDirectory } from "./service-directory.ts";
import type { ServiceTool, ToolDirectory } from "./tool-directory.ts";

export const serviceRecallLimits = {
  /** A service that is slow is left out: the home's own lines are there at once. */
  answerMsMax: 2_000,
  servicesMax: 8,
} as const;

export function recallName(service: string): string {
  return `${service}_recall`;
}

export async function recallsOf(
  directory: Pick<ServiceDirectory, "list">,
  tools: ToolDirectory,
): Promise<{ service: string; tool: ServiceTool }[]> {
  const found: { service: string; tool: ServiceTool }[] = [];
  for (const { name: service, isEnabled } of await directory.list()) {
    if (!isEnabled) continue;
    const tool = (await tools.find(service))?.tools.find(({ name }) => name === recallName(service));
    if (tool?.effect === "readonly") found.push({ service, tool });
  }
  return found.slice(0, serviceRecallLimits.servicesMax);
}
