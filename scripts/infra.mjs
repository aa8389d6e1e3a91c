// `npm run infra`: a real Kafka, PostgreSQL or S3 server for distributed tests and for trying things out (test/infra).
import "./bootstrap/require-node.mjs";
import { runEntry } from "./bootstrap/run-entry.mjs";

await runEntry("test/infra/main.ts", process.argv.slice(2));
