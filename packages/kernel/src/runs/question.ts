/** A run's question to a person, and its outcome. Types only: see ask-question.ts and answer-question.ts. */
import type { JsonObject, JsonValue } from "@roost/base";

export interface NewQuestion {
  prompt: string;
  kind?: "question" | "approval";
  choices?: string[] | undefined;
  details?: JsonObject | undefined;
}

export interface Question {
  id: string;
  runId: string;
  seq: number;
  kind: string;
  prompt: string;
  choices: string[] | null;
  details: JsonObject | null;
  askedAt: Date;
  expiresAt: Date | null;
  state: "open" | "answered" | "expired" | "withdrawn";
  answer: JsonValue;
  answeredBy: string | null;
  answeredAt: Date | null;
  agent: string | null;
  jobId: string | null;
}
