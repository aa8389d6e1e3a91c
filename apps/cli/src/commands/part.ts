/** `roost part`: saves what a message or a tool carried beside its text. */
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { RoostError } from "@roost/base";
import { formatBytes } from "@roost/contract/part";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { plainLine } from "@roost/base/text-width";

export function addPartCommand(program: Command, context: CliContext): void {
  program
    .command("part")
    .summary("save a file that a message or a tool carried")
    .description("Saves a file that a message or a tool carried, as sessions show and run show name it.")
    .argument("<sha256>", "the hash of its bytes")
    .option("-o, --output <path>", "where to; its own name here when left out")
    .option("--link", "print a URL by which anyone can fetch it, for five minutes; needs OBJECTS_URL")
    .action(async (sha256: string, { output, link }: { output?: string; link?: boolean }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      if (link === true) {
        const { url } = await client.linkPart({ sha256 });
        if (url === null)
          throw new RoostError("conflict", "parts are kept in the home: links need a bucket, OBJECTS_URL");
        return terminal.isJson ? terminal.json({ url }) : terminal.line(url);
      }
      const { bytes, mediaType, filename } = await client.getPart({ sha256 });
      const path = output ?? basename(filename ?? sha256);
      await writeFile(path, bytes, { flag: "wx", mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
        const why =
          cause.code === "EEXIST"
            ? "is there already: name another with --output"
            : `cannot be written (${cause.code})`;
        throw new RoostError("conflict", `${path} ${why}`, { cause });
      });
      if (terminal.isJson) return terminal.json({ path, mediaType, bytes: bytes.byteLength });
      terminal.line(`${plainLine(path)} ${formatBytes(bytes.byteLength)} ${plainLine(mediaType)}`);
    });
}
