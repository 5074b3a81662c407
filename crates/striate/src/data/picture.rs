use super::convert::Convert;
use super::files::place;
use super::{Polarity, Preprocessing};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;
use std::str::FromStr;
use striate_io::io_error;
use striate_tensor::{Array, Error, Result, Shape};

/// Whether to turn light into dark before prediction.
///
/// A model of digits that learnt light strokes on a dark ground (MNIST) takes a pencil drawing on white paper for
/// something quite different. Where the model's [`Preprocessing::polarity`] is known, `Auto` inverts a picture whose
/// border says that it is drawn the other way: for `light-on-dark`, a border brighter than the middle. Without a
/// polarity, `Auto` never inverts.
///
/// ```
/// use striate::data::Invert;
/// assert_eq!("always".parse(), Ok(Invert::Always));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Invert {
    /// If the model knows its polarity and the picture has the other.
    #[default]
    Auto,
    /// Take the picture as it is.
    Never,
    /// Invert every picture.
    Always,
}

impl Invert {
    /// All of them, in the order of their declaration; their texts are `auto`, `never` and `always`.
    pub const ALL: [Invert; 3] = [Invert::Auto, Invert::Never, Invert::Always];
}

impl fmt::Display for Invert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invert::Auto => "auto",
            Invert::Never => "never",
            Invert::Always => "always",
        })
    }
}

impl FromStr for Invert {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Invert::ALL
            .into_iter()
            .find(|invert| invert.to_string() == text)
            .ok_or_else(|| Error::usage("unknown way to invert").found(text).expected("auto, never or always"))
    }
}

/// One picture, ready for a model, and what was done to it.
///
/// ```no_run
/// use striate::data::{Invert, Picture, Polarity, Preprocessing};
/// let preprocessing = Preprocessing { polarity: Some(Polarity::LightOnDark), ..Preprocessing::default() };
/// let picture = Picture::open("five.png".as_ref(), [1, 28, 28], &preprocessing, Invert::Auto)?;
/// assert_eq!(picture.pixels().shape().to_string(), "1×28×28");
/// println!("{picture}");      // 300×400 RGB, made gray, inverted (…), resized to 21×28, centred in 28×28
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pixels: Array<f32>,
    size: (u32, u32),
    inverted: bool,
    steps: Vec<String>,
}

/// Limits on a picture: the edge in pixels, and the decoded size in bytes.
const LONGEST_EDGE: u32 = 1 << 14;
const LARGEST: u64 = 256 << 20;

impl Picture {
    /// Reads a PNG, JPEG or BMP file of any size (up to 16,384 pixels an edge and 256 MiB decoded) for a model whose
    /// input is `[channels, height, width]`, with 1 channel (gray) or 3 (RGB).
    ///
    /// In this order: the rotation noted by a camera is applied; transparent parts get a ground that stands out from
    /// the rest; colours become the model's channels; the picture is scaled to the model's size without the padding
    /// of the preprocessing (Catmull–Rom; proportions are kept, what remains is filled with the mean of the border);
    /// it is inverted if `invert` says so; the preprocessing is applied. A picture that has the right size already
    /// keeps its pixels exactly.
    ///
    /// # Errors
    /// `Fault::Data` with the path: not a readable PNG, JPEG or BMP, too large. `Fault::Model`: the input has neither 1
    /// nor 3 channels, or the preprocessing does not fit it.
    pub fn open(path: &Path, input: [usize; 3], preprocessing: &Preprocessing, invert: Invert) -> Result<Picture> {
        let file = File::open(path).map_err(|failure| io_error("open the picture", path, &failure))?;
        Self::read(BufReader::new(file), input, preprocessing, invert).map_err(|error| match error.fault() {
            striate_tensor::Fault::Data => error.at(place(path)),
            _ => error,
        })
    }

    /// Height and width of a picture, as [`Picture::open`] sees it: upright.
    ///
    /// # Errors
    /// `Fault::Data` with the path: not a readable PNG, JPEG or BMP, too large.
    ///
    /// ```no_run
    /// let [height, width] = striate::data::Picture::edges("page.png".as_ref())?;
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn edges(path: &Path) -> Result<[usize; 2]> {
        let file = File::open(path).map_err(|failure| io_error("open the picture", path, &failure))?;
        let image = decode(BufReader::new(file)).map_err(|error| error.at(place(path)))?;
        Ok([image.height() as usize, image.width() as usize])
    }

    /// As [`Picture::open`], from the bytes of such a file.
    ///
    /// ```
    /// use striate::data::{Invert, Picture, Preprocessing};
    /// let error = Picture::decode(b"GIF89a", [1, 28, 28], &Preprocessing::default(), Invert::Auto).unwrap_err();
    /// assert!(error.to_string().contains("PNG, JPEG or BMP"));
    /// ```
    pub fn decode(bytes: &[u8], input: [usize; 3], preprocessing: &Preprocessing, invert: Invert) -> Result<Picture> {
        Self::read(Cursor::new(bytes), input, preprocessing, invert)
    }

    fn read(from: impl BufRead + Seek, input: [usize; 3], with: &Preprocessing, invert: Invert) -> Result<Picture> {
        let [channels, height, width] = input;
        if channels != 1 && channels != 3 {
            return Err(Error::model("the model does not read pictures")
                .found(format!("an input of {}", Shape::from(input)))
                .expected("1 channel (gray) or 3 (red, green, blue)"));
        }
        let inner = |edge: usize| edge.checked_sub(2 * with.pad).filter(|&edge| edge > 0);
        with.check(channels)?;
        let (Some(height), Some(width)) = (inner(height), inner(width)) else {
            return Err(Error::model("preprocessing: pad leaves no room for the picture")
                .found(format!("pad = {} for an input of {}", with.pad, Shape::from(input)))
                .expected("less than half of the height and the width"));
        };

        let picture = decode(from)?;
        let size = (picture.width(), picture.height());
        let mut steps = vec![format!("{}×{} {}", size.0, size.1, color_name(&picture))];
        let picture = on_ground(picture, &mut steps);
        let picture = match (channels, picture.color().has_color()) {
            (1, true) => {
                steps.push("made gray".into());
                DynamicImage::ImageLuma8(picture.to_luma8())
            }
            (1, false) => DynamicImage::ImageLuma8(picture.to_luma8()),
            _ => DynamicImage::ImageRgb8(picture.to_rgb8()),
        };
        let mut small = Small::fit(&picture, channels, height, width, &mut steps);
        let inverted = small.invert(invert, with.polarity, &mut steps);
        let field = small.centred(height, width, &mut steps);

        let convert = Convert::new(with, &Shape::from([channels, height, width]))?;
        let mut pixels = Array::full(convert.output().clone(), 0.0);
        convert.bytes(&field, pixels.data_mut());
        Ok(Picture { pixels, size, inverted, steps })
    }

    /// A PNG, JPEG or BMP file as it is, for no model: gray 1×H×W or red, green, blue 3×H×W, each from 0 to 1, with the limits
    /// of [`Picture::open`].
    ///
    /// # Errors
    /// `Fault::Data` with the path: not a readable PNG, JPEG or BMP, too large.
    pub fn whole(path: &Path) -> Result<Array<f32>> {
        let file = File::open(path).map_err(|failure| io_error("open the picture", path, &failure))?;
        let picture = decode(BufReader::new(file)).map_err(|error| error.at(place(path)))?;
        let picture = on_ground(picture, &mut vec![]);
        let (columns, rows) = (picture.width() as usize, picture.height() as usize);
        let (channels, bytes) = match picture.color().has_color() {
            true => (3, picture.to_rgb8().into_raw()),
            false => (1, picture.to_luma8().into_raw()),
        };
        let plane = rows * columns;
        let value = |i: usize| f32::from(bytes[i % plane * channels + i / plane]) / 255.0;
        Ok(Array::from_fn([channels, rows, columns], value))
    }

    /// The numbers for the model, `C×H×W`, preprocessed.
    pub fn pixels(&self) -> &Array<f32> {
        &self.pixels
    }

    /// The width and height of the file's picture, in pixels, upright.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Whether light was turned into dark.
    pub fn inverted(&self) -> bool {
        self.inverted
    }
}

/// What the picture was and what was done to it, in one line.
impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.steps.join(", "))
    }
}

/// The picture of a file, upright.
fn decode(from: impl BufRead + Seek) -> Result<DynamicImage> {
    let unreadable = |failure: &dyn fmt::Display| {
        Error::data("the picture cannot be decoded")
            .found(failure)
            .expected("a whole PNG, JPEG or BMP file")
            .hint("open it with another program and save it again")
    };
    let mut reader = ImageReader::new(from).with_guessed_format().map_err(|failure| unreadable(&failure))?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Bmp)) {
        let found = reader.format().map_or("none of the known formats".into(), |format| format!("{format:?}"));
        return Err(Error::data("the file is not a picture that Striate reads")
            .found(found)
            .expected("PNG, JPEG or BMP"));
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_EDGE), Some(LONGEST_EDGE));
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    let failed = |failure: image::ImageError| match failure {
        image::ImageError::Limits(_) => Error::data("the picture is too large")
            .found(failure)
            .expected(format!("at most {LONGEST_EDGE} pixels an edge and {} MiB decoded", LARGEST >> 20))
            .hint("make it smaller: the model sees only a few pixels of it anyway"),
        other => unreadable(&other),
    };
    let mut decoder = reader.into_decoder().map_err(failed)?;
    if decoder.total_bytes() > LARGEST {
        return Err(failed(image::ImageError::Limits(image::error::LimitError::from_kind(
            image::error::LimitErrorKind::InsufficientMemory,
        ))));
    }
    // Without a note by a camera, or with a broken one, the picture stays as it lies.
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    orientation.into_iter().for_each(|orientation| picture.apply_orientation(orientation));
    match (picture.width(), picture.height()) {
        (0, _) | (_, 0) => Err(unreadable(&"a picture without pixels")),
        _ => Ok(picture),
    }
}

fn color_name(picture: &DynamicImage) -> &'static str {
    match (picture.color().has_color(), picture.color().has_alpha()) {
        (true, false) => "RGB",
        (true, true) => "RGB with transparency",
        (false, false) => "gray",
        (false, true) => "gray with transparency",
    }
}

/// Transparent parts on black if the rest is light, on white if it is dark: else a drawing could vanish.
fn on_ground(picture: DynamicImage, steps: &mut Vec<String>) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let picture = picture.to_rgba8();
    let (mut light, mut opacity) = (0u64, 0u64);
    for pixel in picture.pixels() {
        let [red, green, blue, alpha] = pixel.0.map(u64::from);
        light += (red + green + blue) * alpha;
        opacity += alpha;
    }
    if opacity == 255 * u64::from(picture.width()) * u64::from(picture.height()) {
        return DynamicImage::ImageRgba8(picture);
    }
    let (ground, name) = if light > opacity * 3 * 127 { (0, "black") } else { (255, "white") };
    steps.push(format!("laid on {name}"));
    let blend = |x: u8, alpha: u32| ((u32::from(x) * alpha + ground * (255 - alpha) + 127) / 255) as u8;
    DynamicImage::ImageRgb8(RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|channel| blend(channel, alpha.into())))
    }))
}

/// A picture scaled to the model's size or, in one direction, below it; planes of bytes.
struct Small {
    planes: Vec<u8>,
    channels: usize,
    height: usize,
    width: usize,
}

impl Small {
    fn fit(picture: &DynamicImage, channels: usize, height: usize, width: usize, steps: &mut Vec<String>) -> Small {
        let (from_width, from_height) = (f64::from(picture.width()), f64::from(picture.height()));
        let scale = (height as f64 / from_height).min(width as f64 / from_width);
        let edge = |from: f64, most: usize| ((from * scale).round() as usize).clamp(1, most);
        let (height, width) = (edge(from_height, height), edge(from_width, width));
        let (new_width, new_height) = (width as u32, height as u32);
        let interleaved = if (picture.width(), picture.height()) == (new_width, new_height) {
            picture.as_bytes().to_vec()
        } else {
            steps.push(format!("resized to {width}×{height}"));
            picture.resize_exact(new_width, new_height, FilterType::CatmullRom).into_bytes()
        };
        let plane = |channel| interleaved.iter().skip(channel).step_by(channels).copied();
        Small { planes: (0..channels).flat_map(plane).collect(), channels, height, width }
    }

    /// Inverts if it has to; says whether it did.
    fn invert(&mut self, invert: Invert, polarity: Option<Polarity>, steps: &mut Vec<String>) -> bool {
        let (border, middle) = self.border_and_middle();
        let why = match (invert, polarity) {
            (Invert::Never, _) | (Invert::Auto, None) => return false,
            (Invert::Always, _) => "as asked",
            (Invert::Auto, Some(Polarity::LightOnDark)) if border > middle => {
                "its border is brighter than its middle, and the model knows light strokes on a dark ground"
            }
            (Invert::Auto, Some(Polarity::DarkOnLight)) if border < middle => {
                "its border is darker than its middle, and the model knows dark strokes on a light ground"
            }
            (Invert::Auto, _) => return false,
        };
        steps.push(format!("inverted ({why})"));
        self.planes.iter_mut().for_each(|byte| *byte = 255 - *byte);
        true
    }

    /// The mean of the border, a fourteenth of the shorter edge wide, and that of the rest (or of all, if there is none).
    fn border_and_middle(&self) -> (f64, f64) {
        let ring = (self.height.min(self.width) / 14).max(1);
        let inside = |at: usize, size: usize| (ring..size.saturating_sub(ring)).contains(&at);
        let (mut sums, mut counts) = ([0u64; 2], [0u64; 2]);
        for (index, &byte) in self.planes.iter().enumerate() {
            let (row, column) = (index / self.width % self.height, index % self.width);
            let side = usize::from(inside(row, self.height) && inside(column, self.width));
            sums[side] += u64::from(byte);
            counts[side] += 1;
        }
        let mean = |side: usize| sums[side] as f64 / counts[side] as f64;
        (mean(0), if counts[1] > 0 { mean(1) } else { mean(0) })
    }

    /// In the middle of a field, the rest of which has the colour of the border.
    fn centred(self, height: usize, width: usize, steps: &mut Vec<String>) -> Vec<u8> {
        if (self.height, self.width) == (height, width) {
            return self.planes;
        }
        steps.push(format!("centred in {width}×{height}"));
        let (top, left) = ((height - self.height) / 2, (width - self.width) / 2);
        let mut field = vec![0; self.channels * height * width];
        let planes = self.planes.chunks_exact(self.height * self.width);
        for (plane, field) in planes.zip(field.chunks_exact_mut(height * width)) {
            let alone = Small { planes: plane.to_vec(), channels: 1, ..self };
            field.fill(alone.border_and_middle().0.round() as u8);
            for (row, to) in plane.chunks_exact(self.width).zip(field.chunks_exact_mut(width).skip(top)) {
                to[left..left + self.width].copy_from_slice(row);
            }
        }
        field
    }
}
