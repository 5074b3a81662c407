//! Pictures for prediction: sizes, colours, transparency, polarity, and files that are none.

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use std::io::Cursor;
use striate::data::{Digits, Invert, Picture, Polarity, Preprocessing};
use striate_tensor::{Fault, Result};

fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn digits() -> Preprocessing {
    Preprocessing { polarity: Some(Polarity::LightOnDark), ..Preprocessing::default() }
}

fn read(bytes: &[u8], input: [usize; 3], preprocessing: &Preprocessing, invert: Invert) -> Picture {
    Picture::decode(bytes, input, preprocessing, invert).unwrap_or_else(|error| panic!("{error}"))
}

/// A digit of the test part, light on dark, and the numbers that a batch would hold.
fn digit(index: usize) -> (GrayImage, Vec<f32>) {
    let data = Digits::test();
    let pixels = data.image(index).unwrap().to_vec();
    let numbers = pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect();
    (GrayImage::from_raw(28, 28, pixels).unwrap(), numbers)
}

#[test]
fn a_picture_of_the_right_size_keeps_its_pixels() {
    for index in 0..50 {
        let (picture, numbers) = digit(index);
        for format in [ImageFormat::Png, ImageFormat::Bmp] {
            let file = encode(picture.clone(), format);
            let read = read(&file, [1, 28, 28], &digits(), Invert::Auto);
            assert_eq!(read.pixels().shape().to_string(), "1×28×28");
            assert_eq!(read.pixels().data(), numbers);
            assert!(!read.inverted() && read.size() == (28, 28));
        }
    }
}

#[test]
fn a_drawing_on_paper_is_inverted_and_it_is_said() {
    for index in 0..50 {
        let (mut picture, numbers) = digit(index);
        image::imageops::invert(&mut picture);
        let file = encode(picture, ImageFormat::Png);
        let auto = read(&file, [1, 28, 28], &digits(), Invert::Auto);
        assert_eq!(auto.pixels().data(), numbers);
        assert!(auto.inverted() && auto.to_string().contains("its border is brighter"), "{auto}");

        let never = read(&file, [1, 28, 28], &digits(), Invert::Never);
        assert!(!never.inverted() && never.pixels().data()[0] == 1.0, "{never}");
        let unknown = read(&file, [1, 28, 28], &Preprocessing::default(), Invert::Auto);
        assert_eq!(unknown.pixels(), never.pixels());
        let always = read(&file, [1, 28, 28], &Preprocessing::default(), Invert::Always);
        assert_eq!((always.pixels().data(), always.inverted()), (&numbers[..], true));
        let dark = Preprocessing { polarity: Some(Polarity::DarkOnLight), ..digits() };
        assert!(!read(&file, [1, 28, 28], &dark, Invert::Auto).inverted());
    }
}

#[test]
fn a_uniform_picture_is_left_alone() {
    let file = encode(GrayImage::from_pixel(40, 40, Luma([200])), ImageFormat::Png);
    let picture = read(&file, [1, 28, 28], &digits(), Invert::Auto);
    assert!(picture.pixels().data().iter().all(|&x| x == 200.0 / 255.0), "{picture}");
    assert!(!picture.inverted());
}

#[test]
fn the_preprocessing_is_the_one_of_batches() {
    let (picture, numbers) = digit(3);
    let lenet = Preprocessing { range: [-0.1, 1.175], pad: 2, ..digits() };
    let read = read(&encode(picture, ImageFormat::Png), [1, 32, 32], &lenet, Invert::Auto);
    assert_eq!(read.pixels().shape().to_string(), "1×32×32");
    for row in 0..32usize {
        for column in 0..32usize {
            let inside = (2..30).contains(&row) && (2..30).contains(&column);
            let raw = if inside { f64::from(numbers[(row - 2) * 28 + column - 2]) } else { 0.0 };
            let expected = -0.1 + 1.275 * raw;
            assert!((f64::from(read.pixels().at(&[0, row, column])) - expected).abs() < 1e-6);
        }
    }
}

#[test]
fn other_sizes_keep_their_proportions() {
    // A light bar on the left of a dark picture, 3 wide × 4 high.
    let tall = RgbImage::from_fn(300, 400, |x, _| if x < 150 { Rgb([255; 3]) } else { Rgb([0; 3]) });
    let picture = read(&encode(tall, ImageFormat::Png), [1, 28, 28], &Preprocessing::default(), Invert::Never);
    assert_eq!(picture.to_string(), "300×400 RGB, made gray, resized to 21×28, centred in 28×28");
    let row: Vec<f32> = (0..28).map(|column| picture.pixels().at(&[0, 14, column])).collect();
    assert!(row[4..12].iter().all(|&x| x > 0.99) && row[17..24].iter().all(|&x| x < 0.01), "{row:?}");
    // The margins have the mean of the border.
    assert!(row[0] > 0.4 && row[0] < 0.6 && row[0] == row[27], "{row:?}");

    for (width, height) in [(1, 1), (1, 5000), (5000, 1), (29, 27), (1000, 1000)] {
        let file = encode(GrayImage::from_pixel(width, height, Luma([51])), ImageFormat::Png);
        let picture = read(&file, [1, 28, 28], &Preprocessing::default(), Invert::Auto);
        assert!(picture.pixels().data().iter().all(|&x| (x - 0.2).abs() < 1e-6), "{picture}");
    }
}

#[test]
fn colours_become_planes() {
    let picture = RgbImage::from_pixel(32, 32, Rgb([255, 51, 0]));
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Jpeg] {
        let read = read(&encode(picture.clone(), format), [3, 32, 32], &Preprocessing::default(), Invert::Auto);
        let planes: Vec<f32> = read.pixels().data().chunks(1024).map(|plane| plane[500]).collect();
        assert!(planes.iter().zip([1.0, 0.2, 0.0]).all(|(x, y)| (x - y).abs() < 0.02), "{format:?} {planes:?}");
    }
    let gray = encode(GrayImage::from_pixel(8, 8, Luma([51])), ImageFormat::Png);
    let read = read(&gray, [3, 8, 8], &Preprocessing::default(), Invert::Auto);
    assert!(read.pixels().data().iter().all(|&x| x == 0.2));
}

#[test]
fn transparency_hides_no_drawing() {
    let drawing = |ink: u8| {
        let inside = |x, y| (12..16).contains(&x) && (6..22).contains(&y);
        RgbaImage::from_fn(
            28,
            28,
            |x, y| if inside(x, y) { Rgba([ink, ink, ink, 255]) } else { Rgba([ink, ink, ink, 0]) },
        )
    };
    for (ink, ground) in [(0, "laid on white"), (255, "laid on black")] {
        let picture = read(&encode(drawing(ink), ImageFormat::Png), [1, 28, 28], &digits(), Invert::Auto);
        assert!(picture.to_string().contains(ground), "{picture}");
        assert_eq!((picture.pixels().at(&[0, 0, 0]), picture.pixels().at(&[0, 10, 13])), (0.0, 1.0), "{picture}");
    }
    let opaque = encode(RgbaImage::from_pixel(4, 4, Rgba([51, 51, 51, 255])), ImageFormat::Png);
    let picture = read(&opaque, [1, 4, 4], &digits(), Invert::Auto);
    assert!(picture.pixels().data().iter().all(|&x| x == 0.2) && !picture.to_string().contains("laid"), "{picture}");
}

#[track_caller]
fn check_bad(result: Result<Picture>, fault: Fault, expected: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.fault(), fault, "{error}");
    assert!(error.to_string().contains(expected), "expected `{expected}` in:\n{error}");
}

#[test]
fn files_that_are_no_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let bad = |bytes: &[u8], expected: &str| {
        let path = folder.path().join("five.png");
        std::fs::write(&path, bytes).unwrap();
        let result = Picture::open(&path, [1, 28, 28], &digits(), Invert::Auto);
        let text = result.as_ref().unwrap_err().to_string();
        assert!(text.contains(&format!("at: {}", path.display())), "{text}");
        check_bad(result, Fault::Data, expected);
    };
    let png = encode(digit(0).0, ImageFormat::Png);
    let bmp = encode(digit(0).0, ImageFormat::Bmp);
    let jpeg = encode(digit(0).0, ImageFormat::Jpeg);
    bad(b"", "not a picture that Striate reads");
    bad(b"hello", "not a picture that Striate reads");
    bad(b"GIF89a\x01\x00\x01\x00", "found: Gif");
    bad(&png[..png.len() / 2], "cannot be decoded");
    bad(&png[..20], "cannot be decoded");
    bad(&bmp[..bmp.len() / 2], "cannot be decoded");
    bad(&jpeg[..20], "cannot be decoded");
    // A header that lies about the size: 65,535×65,535 pixels, with a checksum that fits.
    let mut huge = png.clone();
    huge[16..24].copy_from_slice(&[0, 0, 255, 255, 0, 0, 255, 255]);
    let mut checksum = flate2::Crc::new();
    checksum.update(&huge[12..29]);
    huge[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
    bad(&huge, "the picture is too large");
    let mut huge = bmp.clone();
    huge[18..26].copy_from_slice(&[0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0]);
    bad(&huge, "the picture is too large");
    // Within the limit on edges, beyond that on memory.
    let mut large = bmp.clone();
    large[18..26].copy_from_slice(&[0, 64, 0, 0, 0, 64, 0, 0]);
    bad(&large, "the picture is too large");

    let missing = folder.path().join("missing.png");
    check_bad(Picture::open(&missing, [1, 28, 28], &digits(), Invert::Auto), Fault::Data, "cannot open the picture");
    let open = Picture::open(folder.path(), [1, 28, 28], &digits(), Invert::Auto);
    check_bad(open, Fault::Data, "at: ");
}

#[test]
fn pictures_cut_anywhere_do_not_panic() {
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Jpeg] {
        let whole = encode(digit(0).0, format);
        for length in 0..whole.len() {
            let _ = Picture::decode(&whole[..length], [1, 28, 28], &digits(), Invert::Auto);
        }
    }
}

#[test]
fn models_that_read_no_pictures() {
    let file = encode(digit(0).0, ImageFormat::Png);
    let with = |input, preprocessing: &Preprocessing| Picture::decode(&file, input, preprocessing, Invert::Auto);
    check_bad(with([2, 28, 28], &digits()), Fault::Model, "1 channel (gray) or 3");
    check_bad(with([1, 28, 4], &Preprocessing { pad: 2, ..digits() }), Fault::Model, "pad leaves no room");
    check_bad(with([1, 0, 28], &digits()), Fault::Model, "pad leaves no room");
    check_bad(with([3, 28, 28], &Preprocessing { mean: vec![0.5; 2], ..digits() }), Fault::Model, "2 numbers for 3");
    assert!("sometimes".parse::<Invert>().unwrap_err().to_string().contains("auto, never or always"));
}
