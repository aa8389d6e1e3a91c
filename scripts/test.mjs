// `npm test`: every promise. `npm run test:all`: the longer suites (`*.long.test.ts`). `npm run test:distributed`: those that need a real Kafka,
// PostgreSQL of the system or S3 server (`*.distributed.test.ts`). `npm test -- packages/kernel` runs the tests below a path;
// `--test-name-pattern` chooses by title; `--record` notes how long each file took, which decides the order.
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("scripts/test/run-tests.mjs", process.argv.slice(2));
