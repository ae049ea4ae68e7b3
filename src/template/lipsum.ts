/** Filler text for `lipsum()`. */
import { Markup } from "../values/markup.ts";
import type { Value } from "../values/model.ts";

const words =
  "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis aute irure in reprehenderit voluptate velit esse cillum eu fugiat nulla pariatur".split(
    " ",
  );

/** `count` paragraphs of `least` to `most` words (`most` not reached), as HTML or plain text. */
export function lipsum(count: number, html: boolean, least: number, most: number): Value {
  const paragraphs = Array.from({ length: Math.max(0, count) }, () => paragraph(least, most));
  if (!html) return paragraphs.join("\n\n");
  return new Markup(paragraphs.map((text) => `<p>${text}</p>`).join("\n"));
}

function paragraph(least: number, most: number): string {
  const size = least + Math.floor(Math.random() * Math.max(1, most - least));
  let text = "";
  let sentenceStart = true;
  let nextStop = 6;
  for (let index = 0; index < size; index++) {
    const word = words[Math.floor(Math.random() * words.length)] as string;
    text +=
      (index === 0 ? "" : " ") + (sentenceStart ? word[0]?.toUpperCase() + word.slice(1) : word);
    sentenceStart = index === nextStop;
    if (sentenceStart && index < size - 1) {
      text += ".";
      nextStop = index + 5 + Math.floor(Math.random() * 10);
    }
  }
  return `${text}.`;
}
