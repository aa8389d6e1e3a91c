/**
 * What models of embeddings learned to read in front of questions and of the texts that answer them. A server with OpenAI's `/embeddings` passes texts on
 * as they are, and without these words such a model finds much less (docs/decisions/133-recall-by-vectors.md). Pure.
 */

export interface TextPrefixes {
  question: string;
  line: string;
}

const passages = "Represent this sentence for searching relevant passages: ";

/** By names of models, as their makers' pages say: the first that fits. */
const known: readonly (TextPrefixes & { name: RegExp })[] = [
  // huggingface.co/intfloat/multilingual-e5-small; those that take instructions have a form of their own.
  { name: /(?:^|[^a-z0-9])e5-(?!.*(?:instruct|mistral))/, question: "query: ", line: "passage: " },
  // huggingface.co/nomic-ai/nomic-embed-text-v1.5
  { name: /nomic-embed-text/, question: "search_query: ", line: "search_document: " },
  // huggingface.co/BAAI/bge-small-en-v1.5; bge-m3 takes none, the Chinese ones another.
  { name: /bge-(?:small|base|large)(?!-zh)/, question: passages, line: "" },
  // huggingface.co/mixedbread-ai/mxbai-embed-large-v1
  { name: /mxbai-embed/, question: passages, line: "" },
  // huggingface.co/Snowflake/snowflake-arctic-embed-m-long; the second edition takes another.
  { name: /arctic-embed(?!2|.*v2)/, question: passages, line: "" },
];

export function prefixesOf(model: string): TextPrefixes {
  const { question = "", line = "" } = known.find(({ name }) => name.test(model.toLowerCase())) ?? {};
  return { question, line };
}
