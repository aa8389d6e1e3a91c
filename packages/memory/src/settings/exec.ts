/** What the programs of agents may reach and take. */
import { z } from "zod";
import { Duration } from "./duration.ts";
import { Slug } from "./slug.ts";

const repositoriesMax = 100;
const absolutePath = z.string().regex(/^\/[^\0]{1,1000}$/, "must be an absolute path");

export const Exec = z
  .strictObject({
    repositories: z
      .record(Slug, absolutePath)
      .refine((all) => Object.keys(all).length <= repositoriesMax, `has more than ${repositoriesMax} repositories`)
      .default({})
      .describe("Git repositories that agents may work on, by name; each agent works in a clone of its own"),
    readable: z
      .array(absolutePath)
      .max(50)
      .default([])
      .describe("Further paths that programs may read, such as /opt/node"),
    timeout: Duration.refine((ms) => ms >= 1000 && ms <= 3_600_000, "must be from 1s to 1h")
      .default(600_000)
      .describe("The longest that one program may run. Default 10m"),
    memoryMib: z.number().int().min(16).max(1_048_576).default(2048).describe("Of a program with all that it starts"),
    processes: z.number().int().min(8).max(10_000).default(256),
    outputMib: z.number().int().min(1).max(20).default(10),
    diskMib: z
      .number()
      .int()
      .min(16)
      .max(10_485_760)
      .default(10_240)
      .describe("The largest that a folder of an agent may become while a program runs in it"),
  })
  .prefault({});

export type ExecSettings = z.output<typeof Exec>;
