//! Palettes: colours that look equally strong, from one hue, in Björn Ottosson's colour space Oklch.

use portcullis_guest_sdk::prelude::*;

/// What colours are for, their lightness, their chroma, and how far their hue is from the palette's, in degrees.
const SWATCHES: [(&str, f64, f64, f64); 5] = [
    ("paper", 0.97, 0.015, 0.0),
    ("surface", 0.90, 0.045, 0.0),
    ("accent", 0.62, 0.18, 0.0),
    ("counterpoint", 0.72, 0.15, 150.0),
    ("ink", 0.25, 0.05, 0.0),
];

/// Colours that go together.
#[plugin_type]
struct Palette {
    /// Degrees on the colour wheel, from 0 to 360.
    hue: f64,
    swatches: Vec<Swatch>,
}

/// One colour.
#[plugin_type]
struct Swatch {
    /// What it is for.
    name: String,
    /// As CSS has it.
    colour: String,
    /// The colour of text on it, black or white.
    text: String,
    /// The contrast between both as WCAG counts it, from 1 to 21; 4.5 is easy to read.
    contrast: f64,
}

/// Gives a palette of five colours. The same name has the same palette.
#[plugin_tool(read_only, idempotent)]
fn palette(
    /// What the palette is for, such as a project's name.
    name: String,
    /// The hue in degrees; chosen by the name unless given.
    hue: Option<f64>,
) -> Result<Palette, ToolError> {
    let hue = hue.unwrap_or_else(|| hue_of(&name));
    if !hue.is_finite() {
        return Err(ToolError::invalid_arguments(
            "the hue is no number of degrees; give one from 0 to 360",
        ));
    }
    let hue = hue.rem_euclid(360.0);
    let swatch = |(name, lightness, chroma, turn): (&str, f64, f64, f64)| {
        let linear = within_screen(lightness, chroma, hue + turn);
        let brightness = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        let on_black = (brightness + 0.05) / 0.05;
        let on_white = 1.05 / (brightness + 0.05);
        let [red, green, blue] = linear.map(on_screen);
        Swatch {
            name: name.to_owned(),
            colour: format!("#{red:02x}{green:02x}{blue:02x}"),
            text: if on_black > on_white {
                "#000000"
            } else {
                "#ffffff"
            }
            .to_owned(),
            contrast: (on_black.max(on_white) * 10.0).floor() / 10.0,
        }
    };
    Ok(Palette {
        hue,
        swatches: SWATCHES.into_iter().map(swatch).collect(),
    })
}

/// By the 32-bit hash of Fowler, Noll and Vo, which spreads similar names.
fn hue_of(name: &str) -> f64 {
    let hash = name
        .trim()
        .to_lowercase()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    f64::from(hash % 360)
}

/// The colour in linear sRGB, with as much chroma as a screen can show.
fn within_screen(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let mut chroma = chroma;
    loop {
        let linear = linear(lightness, chroma, hue.to_radians());
        if chroma <= 0.0 || linear.iter().all(|part| (0.0..=1.0).contains(part)) {
            return linear.map(|part| part.clamp(0.0, 1.0));
        }
        chroma -= 0.005;
    }
}

fn linear(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

/// From light to what a screen is told.
fn on_screen(linear: f64) -> u8 {
    let told = if linear <= 0.003_130_8 {
        12.92 * linear
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    };
    (told * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the colour space's author gives them.
    #[test]
    fn colours_are_where_oklch_has_them() {
        for (lightness, chroma, hue, colour) in [
            (1.0, 0.0, 0.0, [255, 255, 255]),
            (0.627_96, 0.257_68, 29.234, [255, 0, 0]),
            (0.866_44, 0.294_83, 142.495, [0, 255, 0]),
            (0.452_01, 0.313_21, 264.052, [0, 0, 255]),
        ] {
            let seen = linear(lightness, chroma, f64::to_radians(hue));
            let seen = seen.map(|part| on_screen(part.clamp(0.0, 1.0)));
            for (seen, wanted) in seen.into_iter().zip(colour) {
                assert!(seen.abs_diff(wanted) <= 2, "{hue}: {seen} for {wanted}");
            }
        }
    }

    #[test]
    fn what_no_screen_shows_has_less_chroma() {
        let shown = within_screen(0.9, 0.3, 264.0);
        assert!(shown.iter().all(|part| (0.0..=1.0).contains(part)));
        assert!(shown[2] > shown[0], "it is still blue");
    }
}
