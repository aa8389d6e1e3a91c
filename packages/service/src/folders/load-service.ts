/** Loads the program of a service from its folder. The only place where Roost loads code that it does not name. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { RoostError } from "@roost/base";
import type { Service } from "../service.ts";
import type { ServiceFolder } from "./find-service-folders.ts";
import { readGuide } from "./read-guide.ts";

/** @throws RoostError `invalid_input` when service.ts cannot be loaded, exports no `service`, or one of another name */
export async function loadService({ name, directory }: ServiceFolder): Promise<Service> {
  const path = join(directory, "service.ts");
  let loaded: { service?: Service };
  try {
    loaded = (await import(pathToFileURL(path).href)) as { service?: Service };
  } catch (cause) {
    throw new RoostError("invalid_input", `${path} cannot be loaded: ${(cause as Error).message}`, { cause });
  }
  const { service } = loaded;
  if (service === undefined) throw new RoostError("invalid_input", `${path} exports no value named "service"`);
  if (service.contract.name !== name)
    throw new RoostError("invalid_input", `${path} is the service "${service.contract.name}": name its folder so`);
  const { text: guide, vocabulary } = await readGuide(directory);
  const contract = { ...service.contract, vocabulary: { ...vocabulary, ...service.contract.vocabulary } };
  return { ...service, contract, guide };
}
