/* Bundle the front end into webapp/static/dist: node webapp/assets/build.mjs [--watch]
 * Out: app.js, diagram.js, app.css and the icon font, each with a content hash in its name,
 * and manifest.json that maps the plain names to those; beside them the font of printed forms, with its licence.
 * Nothing is fetched from anywhere at run time. */
import { context } from "esbuild";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const out = path.resolve(here, "../static/dist");
const serif = path.join(root, "node_modules/@expo-google-fonts/noto-serif-sc");
const printed = {
  "noto-serif-sc.ttf": path.join(serif, "400Regular/NotoSerifSC_400Regular.ttf"),
  "noto-serif-sc.LICENSE.txt": path.join(serif, "LICENSE_FONT"),
};
const watching = process.argv.includes("--watch");

/** After each build, write manifest.json and delete what no build output names any more. */
const manifest = {
  name: "manifest",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length) return;
      const names = {};
      const keep = new Set(["manifest.json", ...Object.keys(printed)]);
      for (const [file, info] of Object.entries(result.metafile.outputs)) {
        const name = path.relative(out, path.resolve(root, file));
        keep.add(name);
        if (info.entryPoint) names[path.basename(name).replace(/-[A-Z0-9]{8}(?=\.)/, "")] = name;
      }
      await writeFile(path.join(out, "manifest.json"), JSON.stringify(names, null, 1) + "\n");
      for (const name of await readdir(out)) if (!keep.has(name)) await rm(path.join(out, name), { force: true });
    });
  },
};

await mkdir(out, { recursive: true });
for (const [name, source] of Object.entries(printed)) await copyFile(source, path.join(out, name));
const bundle = await context({
  absWorkingDir: root,
  entryPoints: {
    app: path.join(here, "app.js"),
    diagram: path.join(here, "diagram.js"),
    style: path.join(here, "css/style.css"),
  },
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  format: "esm",
  target: ["es2022"],
  minify: !watching,
  sourcemap: watching ? "inline" : false,
  legalComments: "eof",
  loader: { ".woff2": "file", ".woff": "file" },
  metafile: true,
  logLevel: "warning",
  plugins: [manifest],
});
if (watching) {
  await bundle.watch();
  console.log("Watching webapp/assets for changes.");
} else {
  await bundle.rebuild();
  await bundle.dispose();
}
