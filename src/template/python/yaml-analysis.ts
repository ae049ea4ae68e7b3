/** Which styles a scalar of YAML allows, as libyaml sees it. */

/** What the text holds, and the styles that can carry it. */
export interface Analysis {
  readonly multiline: boolean;
  readonly flowPlain: boolean;
  readonly blockPlain: boolean;
  readonly singleQuoted: boolean;
  readonly block: boolean;
}

export const BREAK = /^[\r\n\x85\u2028\u2029]$/;
export const BLANK_OR_END = /^[ \t\r\n\x85\u2028\u2029\0]?$/;
/** What libyaml takes for printable: the BMP without controls (a tab included) and the BOM. */
export const PRINTABLE = /^[\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/;

/** Looks at the characters of a scalar. */
export function analyze(characters: readonly string[], allowUnicode: boolean): Analysis {
  if (characters.length === 0) {
    return {
      multiline: false,
      flowPlain: false,
      blockPlain: true,
      singleQuoted: true,
      block: false,
    };
  }
  const start = characters.slice(0, 3).join("");
  let blockIndicators = start === "---" || start === "...";
  let flowIndicators = blockIndicators;
  let lineBreaks = false;
  let special = false;
  let edges = false;
  let trailingSpace = false;
  let breakSpace = false;
  let spaceBreak = false;
  let previous: "space" | "break" | "other" = "other";
  const last = characters.length - 1;
  characters.forEach((character, index) => {
    const followed = BLANK_OR_END.test(characters[index + 1] ?? "");
    const preceded = index === 0 || BLANK_OR_END.test(characters[index - 1] ?? "");
    if (index === 0) {
      if (/^[#,[\]{}&*!|>'"%@`]$/.test(character)) flowIndicators = blockIndicators = true;
      else if (character === "?" || character === ":") {
        flowIndicators = true;
        blockIndicators ||= followed;
      } else if (character === "-" && followed) flowIndicators = blockIndicators = true;
    } else if (/^[,?[\]{}]$/.test(character)) flowIndicators = true;
    else if (character === ":") {
      flowIndicators = true;
      blockIndicators ||= followed;
    } else if (character === "#" && preceded) flowIndicators = blockIndicators = true;
    const isBreak = BREAK.test(character);
    const ascii = /^[\x00-\x7f]$/.test(character);
    if (!PRINTABLE.test(character) || (!ascii && !allowUnicode)) special = true;
    if (isBreak) lineBreaks = true;
    if (character === " ") {
      if (index === 0 || index === last) edges = true;
      if (index === last) trailingSpace = true;
      if (previous === "break") breakSpace = true;
      previous = "space";
    } else if (isBreak) {
      if (index === 0 || index === last) edges = true;
      if (previous === "space") spaceBreak = true;
      previous = "break";
    } else previous = "other";
  });
  const bad = spaceBreak || special;
  const plain = !edges && !breakSpace && !bad && !lineBreaks;
  return {
    multiline: lineBreaks,
    flowPlain: plain && !flowIndicators,
    blockPlain: plain && !blockIndicators,
    singleQuoted: !breakSpace && !bad,
    block: !trailingSpace && !bad,
  };
}
