/** Rows of comma-separated values as Python's `csv.reader` (the "excel" dialect) reads them. */
export function parseCsv(text: string, delimiter: string, quote = '"'): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  let inQuotes = false;
  const endField = () => {
    row.push(field);
    field = "";
    quoted = false;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (inQuotes) {
      if (character !== quote) field += character;
      else if (text[i + 1] === quote) field += text[++i] ?? "";
      else inQuotes = false;
    } else if (character === quote && field === "" && !quoted) {
      inQuotes = true;
      quoted = true;
    } else if (character === delimiter) endField();
    else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[i + 1] === "\n") i++;
      if (row.length > 0 || field !== "" || quoted) {
        endField();
        rows.push(row);
      } else rows.push([]);
      row = [];
    } else field += character;
  }
  if (row.length > 0 || field !== "" || quoted) {
    endField();
    rows.push(row);
  }
  return rows;
}
