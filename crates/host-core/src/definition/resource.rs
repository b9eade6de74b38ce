//! Resources and templates of them.

use portcullis_contract::uri::{UriError, UriTemplate, address};
use portcullis_host_policy::escape;

use super::{
    Checked, NAME_REMEDY, VALUE_REMEDY, has_text_values, is_media_type, is_name, optional, within,
    wrong,
};
use crate::bindings::v0_1::portcullis::resource::resource_types as wit;
use crate::{Error, LoadLimits, ResourceDefinition, ResourceTemplate, TemplateVariable};

/// The kinds, as errors name them.
const RESOURCE: &str = "resource";
const TEMPLATE: &str = "resource template";

const URI_REMEDY: &str = "give an absolute URI such as notes://today";
const MEDIA_REMEDY: &str = "give a media type such as text/plain, or none";
const TEMPLATE_REMEDY: &str = "give a template of RFC 6570, level 1, such as notes://{day}, and describe each of its variables once, in its order";

/// Bytes of what a plugin says of these, for the limit of a load.
pub(super) fn size(
    resources: &[wit::ResourceDefinition],
    templates: &[wit::TemplateDefinition],
) -> u64 {
    let resources = resources.iter().map(|one| {
        let texts = optional(&one.title) + optional(&one.description) + optional(&one.media_type);
        one.uri.len() + one.name.len() + texts
    });
    let templates = templates.iter().map(|one| {
        let texts = optional(&one.title) + optional(&one.description) + optional(&one.media_type);
        let variables = one.variables.iter().map(|variable| {
            let values = variable.values.iter().map(String::len).sum::<usize>();
            variable.name.len() + optional(&variable.description) + values
        });
        one.uri_template.len() + one.name.len() + texts + variables.sum::<usize>()
    });
    resources.chain(templates).sum::<usize>() as u64
}

/// Checks the resources and templates of a plugin, whose names are of one space.
pub(super) fn check(
    resources: Vec<wit::ResourceDefinition>,
    templates: Vec<wit::TemplateDefinition>,
    limits: &LoadLimits,
) -> Result<(Vec<ResourceDefinition>, Vec<ResourceTemplate>), Error> {
    let most = limits.tools.into();
    within("resources", most, resources.len() as u64)?;
    within("resource-templates", most, templates.len() as u64)?;
    let (mut names, mut addresses) = (Checked::names(), Checked::new("of this address"));
    let mut checked = Vec::with_capacity(resources.len());
    for resource in resources {
        names.take(RESOURCE, &resource.name)?;
        addresses.take(RESOURCE, &resource.uri)?;
        checked.push(check_resource(resource)?);
    }
    let mut families = Vec::with_capacity(templates.len());
    for template in templates {
        names.take(TEMPLATE, &template.name)?;
        addresses.take(TEMPLATE, &template.uri_template)?;
        families.push(check_template(template)?);
    }
    Ok((checked, families))
}

fn check_resource(resource: wit::ResourceDefinition) -> Result<ResourceDefinition, Error> {
    let wit::ResourceDefinition {
        uri,
        name,
        title,
        description,
        media_type,
        size,
    } = resource;
    if !is_name(&name) {
        return Err(wrong(RESOURCE, &name, "this is no name", NAME_REMEDY));
    }
    address(&uri).map_err(|problem| wrong(RESOURCE, &name, &told(&problem), URI_REMEDY))?;
    check_media_type(RESOURCE, &name, media_type.as_deref())?;
    Ok(ResourceDefinition {
        uri,
        name,
        title,
        description,
        media_type,
        size,
    })
}

fn check_template(template: wit::TemplateDefinition) -> Result<ResourceTemplate, Error> {
    let wit::TemplateDefinition {
        uri_template,
        name,
        title,
        description,
        media_type,
        variables,
    } = template;
    if !is_name(&name) {
        return Err(wrong(TEMPLATE, &name, "this is no name", NAME_REMEDY));
    }
    let wrong = |problem: &str| wrong(TEMPLATE, &name, problem, TEMPLATE_REMEDY);
    let parsed = UriTemplate::parse(&uri_template).map_err(|problem| wrong(&told(&problem)))?;
    if !variables
        .iter()
        .map(|one| &*one.name)
        .eq(parsed.variables())
    {
        return Err(wrong("its variables are not those of its address"));
    }
    check_media_type(TEMPLATE, &name, media_type.as_deref())?;
    let variables = variables.into_iter().map(|variable| {
        if !has_text_values(&variable.values) {
            let what = format!(
                "the values of {:?} are empty, or one stands twice",
                variable.name
            );
            return Err(super::wrong(TEMPLATE, &name, &what, VALUE_REMEDY));
        }
        Ok(TemplateVariable {
            name: variable.name,
            description: variable.description,
            values: variable.values,
        })
    });
    Ok(ResourceTemplate {
        variables: variables.collect::<Result<_, _>>()?,
        uri_template,
        name,
        title,
        description,
        media_type,
    })
}

/// Why something is no address. It repeats what the plugin wrote.
fn told(problem: &UriError) -> String {
    escape::text(&problem.to_string()).into_owned()
}

fn check_media_type(kind: &str, name: &str, media_type: Option<&str>) -> Result<(), Error> {
    if media_type.is_none_or(is_media_type) {
        return Ok(());
    }
    let problem = "its media type is none";
    Err(wrong(kind, name, problem, MEDIA_REMEDY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(uri: &str, name: &str) -> wit::ResourceDefinition {
        wit::ResourceDefinition {
            uri: uri.into(),
            name: name.into(),
            title: None,
            description: None,
            media_type: None,
            size: None,
        }
    }

    fn template(uri_template: &str, name: &str, variables: &[&str]) -> wit::TemplateDefinition {
        let variable = |name: &&str| wit::TemplateVariable {
            name: (*name).into(),
            description: None,
            values: Vec::new(),
        };
        wit::TemplateDefinition {
            uri_template: uri_template.into(),
            name: name.into(),
            title: None,
            description: None,
            media_type: None,
            variables: variables.iter().map(variable).collect(),
        }
    }

    fn problem(
        resources: Vec<wit::ResourceDefinition>,
        templates: Vec<wit::TemplateDefinition>,
    ) -> String {
        check(resources, templates, &LoadLimits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_address_is_an_absolute_uri_of_its_own() {
        for uri in ["notes", "notes://a b", "notes://a#b", "notes://{day}", ""] {
            assert!(
                problem(vec![resource(uri, "a")], vec![]).contains("\"a\""),
                "{uri}"
            );
        }
        let twice = vec![resource("notes://a", "a"), resource("notes://a", "b")];
        assert!(problem(twice, vec![]).contains("there are two of this address"));
    }

    #[test]
    fn resources_and_templates_have_names_of_one_space() {
        let (one, other) = (
            resource("notes://a", "a"),
            template("notes://{day}", "a", &["day"]),
        );
        assert!(problem(vec![one], vec![other]).contains("there are two of this name"));
        assert!(problem(vec![resource("notes://a", "A")], vec![]).contains("no name"));
    }

    #[test]
    fn a_template_has_the_variables_that_are_described() {
        for variables in [&[][..], &["week"], &["day", "week"]] {
            let wrong = template("notes://{day}", "a", variables);
            assert!(
                problem(vec![], vec![wrong]).contains("its variables"),
                "{variables:?}"
            );
        }
        let fits = template("notes://{day}", "a", &["day"]);
        assert!(check(vec![], vec![fits], &LoadLimits::default()).is_ok());
    }

    #[test]
    fn a_media_type_is_one() {
        for (media_type, fits) in [
            ("text/plain", true),
            ("text/plain\r\nX: y", false),
            ("text", false),
        ] {
            let one = wit::ResourceDefinition {
                media_type: Some(media_type.into()),
                ..resource("notes://a", "a")
            };
            let checked = check(vec![one], vec![], &LoadLimits::default());
            assert_eq!(checked.is_ok(), fits, "{media_type:?}");
        }
    }

    #[test]
    fn too_many_are_refused() {
        let limits = LoadLimits {
            tools: 1,
            ..LoadLimits::default()
        };
        let two = vec![resource("notes://a", "a"), resource("notes://b", "b")];
        let error = check(two, vec![], &limits).unwrap_err();
        assert!(
            matches!(
                error,
                Error::LoadLimit {
                    limit: "resources",
                    ..
                }
            ),
            "{error}"
        );
    }
}
