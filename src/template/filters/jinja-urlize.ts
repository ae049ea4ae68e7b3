import { truth } from "../../values/compare.ts";
import { toList } from "../../values/iterate.ts";
import { escapeHtml, Markup } from "../../values/markup.ts";
import { textOf, type Value } from "../../values/model.ts";
import { asInt } from "../../values/number.ts";
import { str } from "../../values/text.ts";

/** Jinja2's `urlize`: addresses in a text become links. */

const WEB =
  /^((https?:\/\/|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})|([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)|(https?:\/\/)((([\d]{1,3})(\.[\d]{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])))(?::[\d]{1,5})?(?:[/?#]\S*)?$/iu;
const MAIL = /^\S+@\w[\w.-]*\.\w+$/u;

export function urlize(
  text: string,
  parameter: (index: number, name: string) => Value | undefined,
): Markup {
  const limitValue = parameter(0, "trim_url_limit") ?? null;
  const limit = limitValue === null ? undefined : Number(asInt(limitValue) ?? 0);
  const relations = new Set((textOf(parameter(3, "rel")) ?? "").split(/\s+/).filter(Boolean));
  if (truth(parameter(1, "nofollow") ?? false)) relations.add("nofollow");
  relations.add("noopener");
  const target = parameter(2, "target") ?? null;
  const schemes = parameter(4, "extra_schemes") ?? null;
  const extra = schemes === null ? [] : toList(schemes).map(str);
  const rel = ` rel="${escapeHtml([...relations].sort().join(" "))}"`;
  const targetText =
    target === null || str(target) === "" ? "" : ` target="${escapeHtml(str(target))}"`;
  const shorten = (url: string) =>
    limit !== undefined && url.length > limit ? `${url.slice(0, limit)}...` : url;

  const words = escapeHtml(text).split(/(\s+)/);
  const linked = words.map((word) => {
    const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? "";
    let middle = word.slice(head.length);
    let tail = "";
    const end = /(?:[)>.,\n]|&gt;)+$/.exec(middle);
    if (end) {
      tail = end[0];
      middle = middle.slice(0, -tail.length);
    }
    // A closing bracket belongs to the address when its opening one is inside.
    for (const [open, close] of [
      ["(", ")"],
      ["<", ">"],
      ["&lt;", "&gt;"],
    ] as const) {
      const missing = middle.split(open).length - middle.split(close).length;
      for (let i = 0; i < Math.min(missing, tail.split(close).length - 1); i++) {
        const at = tail.indexOf(close) + close.length;
        middle += tail.slice(0, at);
        tail = tail.slice(at);
      }
    }
    if (WEB.test(middle)) {
      const href = /^https?:\/\//.test(middle) ? middle : `https://${middle}`;
      middle = `<a href="${href}"${rel}${targetText}>${shorten(middle)}</a>`;
    } else if (/^mailto:/.test(middle) && MAIL.test(middle.slice(7))) {
      middle = `<a href="${middle}">${middle.slice(7)}</a>`;
    } else if (
      middle.includes("@") &&
      !middle.startsWith("www.") &&
      !middle.includes(":") &&
      MAIL.test(middle)
    ) {
      middle = `<a href="mailto:${middle}">${middle}</a>`;
    } else if (extra.some((scheme) => middle !== scheme && middle.startsWith(scheme))) {
      middle = `<a href="${middle}"${rel}${targetText}>${middle}</a>`;
    }
    return head + middle + tail;
  });
  return new Markup(linked.join(""));
}
