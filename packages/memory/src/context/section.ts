/** A named part of the instructions, and what it rests on. */
import { isUntrusted, type Labels } from "@roost/contract/labels";

export interface Section {
  name: string;
  text: string;
  isUntrusted?: boolean;
}

export interface LabelledSection extends Section {
  labels: Labels;
}

/** As a model is given it. */
export function toSection({ name, text, labels }: LabelledSection): Section {
  return { name, text, ...(isUntrusted(labels) && { isUntrusted: true }) };
}
