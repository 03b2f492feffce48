// node-postgres on Tarn: wire_check.js PORT
import pg from "pg";

const client = new pg.Client({ host: "127.0.0.1", port: Number(process.argv[2]), user: "ann", database: "tarn" });
let passed = 0;
let failed = 0;

async function check(what, expected, call) {
  let actual;
  try {
    actual = await call();
  } catch (error) {
    actual = error.code ?? error.message;
  }
  if (JSON.stringify(actual) === JSON.stringify(expected)) passed++;
  else {
    failed++;
    console.log(`FAILED ${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  }
}

await client.connect();
await check("a count", "5000", async () => (await client.query("SELECT count(*) FROM curated.stay")).rows[0].count);
await check("parameters", { a: 42, b: "x", j: { k: 1 } },
  async () => (await client.query("SELECT $1::int + 1 AS a, $2 AS b, $3::jsonb AS j", [41, "x", { k: 1 }])).rows[0]);
await check("types", { a: "1", b: 1.5, c: true, e: [1, 2], f: { x: 1 }, h: "1.25" },
  async () => (await client.query("SELECT 1::bigint AS a, 1.5::double AS b, true AS c, [1, 2] AS e, {'x': 1} AS f, 1.25::decimal(5,2) AS h")).rows[0]);
await check("an array", 2500, async () => (await client.query("SELECT id FROM curated.stay WHERE ward = ANY($1)", [["ICU", "Ö"]])).rows.length);
await check("a named statement", ["a", "b"], async () => {
  const texts = [];
  for (const value of ["a", "b"]) texts.push((await client.query({ name: "q", text: "SELECT $1::text AS t", values: [value] })).rows[0].t);
  return texts;
});
await check("an error's code", "42703", () => client.query("SELECT nope"));
await check("several statements", 2, async () => (await client.query("SELECT 1; SELECT 2")).length);
await client.end();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
