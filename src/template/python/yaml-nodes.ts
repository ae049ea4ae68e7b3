/** The tree that `yaml-dump.ts` makes of values and `yaml-emitter.ts` writes, and how to write it. */

export interface ScalarNode {
  readonly kind: "scalar";
  readonly text: string;
  /** Whether the plain text is read back as the same type. */
  readonly plain: boolean;
  /** Whether the quoted text is: true for strings only. */
  readonly quoted: boolean;
  readonly tag?: string;
  readonly literal?: boolean;
  anchor?: string;
}
export interface SequenceNode {
  readonly kind: "sequence";
  readonly items: YamlNode[];
  flow: boolean;
  readonly tag?: string;
  anchor?: string;
}
export interface MappingNode {
  readonly kind: "mapping";
  readonly pairs: [YamlNode, YamlNode][];
  flow: boolean;
  readonly tag?: string;
  anchor?: string;
}
export interface AliasNode {
  readonly kind: "alias";
  readonly anchor: string;
}
export type YamlNode = ScalarNode | SequenceNode | MappingNode | AliasNode;

export interface EmitterOptions {
  /** Columns of one level, 2 to 9; anything else is 2. */
  readonly indent: number;
  /** The column after which lines are folded. */
  readonly width: number;
  readonly allowUnicode: boolean;
  readonly explicitStart: boolean;
  readonly explicitEnd: boolean;
  /** "'", '"', "|", ">" for all scalars, else their own choice. */
  readonly defaultStyle: string | undefined;
}
