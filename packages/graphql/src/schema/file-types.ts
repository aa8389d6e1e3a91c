/** Files: answered by their addresses, taken as parts that were uploaded. No bytes stand in a document or an answer. */
import { fileField, type Content } from "@roost/contract";
import {
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfigArgumentMap,
} from "graphql";
import type { GraphqlContext } from "../graphql-context.ts";

export interface FileTypes {
  link: GraphQLObjectType;
  /** Of an operation that takes a file. */
  argument: GraphQLFieldConfigArgumentMap;
  /** The file that the argument names. @throws RoostError `not_found` */
  read(given: Record<string, unknown>, context: GraphqlContext): Promise<Content>;
}

export const fileTypeNames = ["FileLink", "FileInput"] as const;

export function createFileTypes(): FileTypes {
  const [link, input] = fileTypeNames;
  const text = new GraphQLNonNull(GraphQLString);
  const type = new GraphQLInputObjectType({
    name: input,
    description: "A file that was uploaded with POST /api/v1/parts",
    fields: {
      sha256: { type: text, description: "Of the part" },
      mediaType: { type: GraphQLString, description: "As the operation takes it. Default: the part's" },
    },
  });
  return {
    link: new GraphQLObjectType({
      name: link,
      description: "Where a file is: GET it with the same token",
      fields: {
        url: { type: text, description: "From the root of the server that was asked" },
        mediaTypes: { type: new GraphQLNonNull(new GraphQLList(text)), description: "What it may be" },
      },
    }),
    argument: { [fileField]: { type: new GraphQLNonNull(type) } },
    async read(given, context) {
      const { sha256, mediaType } = given[fileField] as { sha256: string; mediaType?: string | null };
      const part = await context.readPart(sha256);
      return { bytes: part.bytes, mediaType: mediaType ?? part.mediaType };
    },
  };
}
