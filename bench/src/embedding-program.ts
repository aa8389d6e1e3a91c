/** The server of letter triples in a process of its own, so that what it takes is not measured with what asks it. As many numbers as its argument says. */
import { startEmbeddingServer } from "@roost/agent/testing";

// As with real models, all texts lie in one corner of the space.
const { url } = await startEmbeddingServer({ dimensions: Number(process.argv[2]), corner: 0.5 });
process.send?.({ type: "ready", url });
process.once("disconnect", () => process.exit());
