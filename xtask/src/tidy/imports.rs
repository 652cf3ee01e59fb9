//! Who uses whom among the files of a crate.
//!
//! A name is used where it is defined, however it is reached: `crate::`, `super::`, a module that was imported, and what a
//! parent passes on (`pub use`) are followed to the file of the item. A file that only passes a name on does not use it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Names of modules, perhaps of an item in the last. Before it is resolved, it begins with `crate`, an import or a child.
type Path = Vec<String>;

/// A file: what its imports mean, and what it names.
#[derive(Default)]
struct Module {
    file: String,
    imports: BTreeMap<String, Path>,
    named: Vec<Path>,
}

#[derive(Default)]
pub(super) struct Graph {
    modules: BTreeMap<Path, Module>,
    /// Modules that are there for tests only.
    tests: Vec<Path>,
}

impl Graph {
    /// Of the files of a crate: paths in its `src/`, and texts.
    pub(super) fn new<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> syn::Result<Self> {
        let mut graph = Self::default();
        for (file, text) in files {
            let mut at: Path = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            at.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
            let module = Module { file: file.into(), ..Module::default() };
            let mut reader = Reader { at: at.clone(), module, tests: &mut graph.tests };
            reader.visit_file(&syn::parse_file(text)?);
            graph.modules.insert(at, reader.module);
        }
        Ok(graph)
    }

    /// What a path in this module means, from the root; `None` for what is not of this crate.
    fn resolve(&self, at: &[String], path: &[String], tries: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let child = [at, std::slice::from_ref(first)].concat();
        match self.modules.get(at).and_then(|module| module.imports.get(first)) {
            _ if first == "crate" => Some(rest.to_vec()),
            Some(target) if tries > 0 => self.resolve(at, &[target, rest].concat(), tries - 1),
            _ => self.modules.contains_key(&child).then(|| [&child, rest].concat()),
        }
    }

    /// The module that defines what has this path from the root.
    fn definer(&self, path: &[String], tries: usize) -> Option<&Path> {
        let (at, _) =
            (0..=path.len()).rev().find_map(|length| self.modules.get_key_value(&path[..length]))?;
        let passed_on = self.resolve(at, &path[at.len()..], tries).filter(|next| next != path && tries > 0);
        passed_on.and_then(|next| self.definer(&next, tries - 1)).or(Some(at))
    }

    /// All that each file names of this crate, from the root.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, Path)> {
        let ships = |path: &Path| !self.tests.iter().any(|test| path.starts_with(test));
        self.modules.iter().filter(move |(at, _)| ships(at)).flat_map(move |(at, module)| {
            let paths = module.named.iter().filter_map(move |path| self.resolve(at, path, 8)).filter(ships);
            paths.map(|path| (module.file.as_str(), path))
        })
    }

    /// Which file uses which. Who imports a module uses what is named of it afterwards.
    pub(super) fn arrows(&self) -> BTreeSet<(&str, &str)> {
        let items = self.named().filter(|(_, path)| !self.modules.contains_key(path));
        let arrows =
            items.filter_map(|(from, path)| Some((from, &*self.modules[self.definer(&path, 8)?].file)));
        arrows.filter(|(from, to)| from != to).collect()
    }
}

/// The arrows that are part of a circle, or lie between two.
pub(super) fn circles<'a>(mut arrows: BTreeSet<(&'a str, &'a str)>) -> BTreeSet<(&'a str, &'a str)> {
    loop {
        let before = arrows.len();
        let (from, to): (BTreeSet<_>, BTreeSet<_>) = arrows.iter().copied().unzip();
        arrows.retain(|arrow| to.contains(arrow.0) && from.contains(arrow.1));
        if arrows.len() == before {
            return arrows;
        }
    }
}

struct Reader<'g> {
    /// Modules inside the file included.
    at: Path,
    module: Module,
    tests: &'g mut Vec<Path>,
}

impl Reader<'_> {
    /// Notes a path, and what it is imported as; `super` becomes `crate`.
    fn name(&mut self, path: &[String], import: Option<String>, uses: bool) {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let parent = &self.at[..self.at.len().saturating_sub(ups)];
        let path =
            if ups == 0 { path.to_vec() } else { [&["crate".to_owned()], parent, &path[ups..]].concat() };
        if uses && path.len() > 1 {
            self.module.named.push(path.clone());
        }
        self.module.imports.extend(import.map(|name| (name, path)));
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String], uses: bool) {
        let below = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &below(&path.ident), uses),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before, uses)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.name(before, before.last().cloned(), uses);
            }
            syn::UseTree::Name(name) => self.name(&below(&name.ident), Some(name.ident.to_string()), uses),
            syn::UseTree::Rename(name) => self.name(&below(&name.ident), Some(name.rename.to_string()), uses),
            syn::UseTree::Glob(_) => self.name(&below(&'*'), None, uses),
        }
    }
}

/// Without literals, which may be examples and text.
fn code(tokens: TokenStream) -> String {
    let part = |token| match token {
        TokenTree::Group(group) => format!("( {} )", code(group.stream())),
        TokenTree::Literal(_) => String::new(),
        other => other.to_string(),
    };
    tokens.into_iter().map(part).collect::<Vec<_>>().join(" ").replace(" : : ", "::")
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let lists = attributes.iter().filter_map(|attribute| attribute.meta.require_list().ok());
    let mut conditions = lists.filter(|list| list.path.is_ident("cfg")).map(|list| list.tokens.to_string());
    conditions.any(|text| text == "test" || text.starts_with("all") && text.contains("test ,"))
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.at.push(item.ident.to_string());
        if is_test(&item.attrs) {
            self.tests.push(self.at.clone());
        } else {
            visit::visit_item_mod(self, item);
        }
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.import(&item.tree, &[], matches!(item.vis, syn::Visibility::Inherited));
        }
    }

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Path = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.name(&names, None, true);
        visit::visit_path(self, path);
    }

    /// What a macro is given is not parsed: all that looks like a path is one.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        for word in code(called.tokens.clone()).split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        {
            let names: Path = word.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
            self.name(&names, None, true);
        }
    }
}
