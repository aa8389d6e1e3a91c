/** A named part of the instructions, with the labels of its sources. */
import { isUntrusted, type Labels } from "@roost/contract/labels";

export interface Section {
  name: string;
  text: string;
  isUntrusted?: boolean | undefined;
}

export interface LabelledSection extends Section {
  labels: Labels;
}

/** In the form that a model is given. */
export function toSection({ name, text, labels }: LabelledSection): Section {
  return { name, text, isUntrusted: isUntrusted(labels) ? true : undefined };
}
