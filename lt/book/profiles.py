"""What each profile spends: the only place with budgets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from lt.bridge import BridgeConfig
from lt.errors import LtError
from lt.loop import Training
from lt.zoo.foreign import FaceJudgeConfig
from lt.zoo.games import CycleGANConfig, Pix2PixConfig
from lt.zoo.image_judge import ConvJudgeConfig
from lt.zoo.maps import LatentClassifierConfig
from lt.zoo.speech_gan import GANConfig
from lt.zoo.speech_judge import SpeechClassifierConfig
from lt.zoo.vae import JudgeConfig, VAEConfig


@dataclass(frozen=True)
class Profile:
    """Data and budgets of one way to run the book."""

    name: str
    source: str  # which data: "embedded" or "full"
    base_models: int  # sets of base models that chapters 3, 4 and 7 repeat everything with
    seeds: int  # bridges per pair of domains and set of base models, seeds 0 .. seeds - 1
    vae: Mapping[str, VAEConfig]  # base model of each corpus
    judge: Mapping[str, JudgeConfig]  # classifier of each corpus
    second_judge: Mapping[str, ConvJudgeConfig]  # a convolutional one, which judges what the first has judged
    bridge: BridgeConfig  # MNIST <-> MNIST and MNIST <-> Fashion-MNIST
    copies: int  # jittered versions of each training image that a bridge sees beside the image itself
    jitter: Mapping[str, float]  # how far they are moved
    gan: GANConfig  # what `python -m lt train-gan` trains; chapters use the pretrained one in lt/assets
    gan_minutes: float  # how long
    speech_bridge: BridgeConfig  # MNIST <-> speech
    recordings: str  # corpus of spoken digits: "embedded", "fsdd" or "sc09"
    accepted: int  # latents a class that the speech bridge sees
    fresh: int  # accepted latents a class, of other draws, that measure it
    heard: int  # accepted samples a class that the stranger hears; of transfers half as many a bridge
    frontier: tuple[float, ...]  # weights of the KL term that chapter 04 compares
    walks: int  # paths of each kind and direction that chapter 06 measures
    reading_steps: int  # steps of each bridge between the authors' recipe and ours in chapter 03
    reading_seeds: int  # bridges of each
    bridge_width: int  # units a layer of these: 512 in the paper
    toy: BridgeConfig  # chapters 01 and 01b
    toy_seeds: int  # repetitions of both
    toy_points: int  # points a domain in both
    latent_classifier: LatentClassifierConfig  # chapter 05b: for the maps that go by class
    pix2pix: Pix2PixConfig  # chapter 05
    cyclegan: CycleGANConfig  # chapter 05, on pictures
    latent_cyclegan: CycleGANConfig  # chapter 05, on latents
    speech_pix2pix: Pix2PixConfig  # chapter 05: the attempt on digits and log-mel spectrograms of 64 x 64
    speech_cyclegan: CycleGANConfig  # the same
    aside: int  # training images of each corpus that no game of chapter 05 learns from: they watch it
    game_rates: tuple[float, ...]  # the learning rate of a game is the best of these multiples, by short runs
    patience: int  # how many times as long a game that has not stopped getting better is run once more; 1: it is not
    baseline_seeds: int  # repetitions of each game between pictures of chapter 05
    closed_seeds: int  # repetitions, with each set of base models, of the maps of chapter 05b that draw pairs, batches or items
    ablation: BridgeConfig  # bridges of chapter 07 beyond the paper's tables, many and small
    ablation_sets: int  # sets of base models of chapter 07
    short_seeds: int  # short bridges of each kind in chapters 07 to 10, for every set of base models
    labels: tuple[int, ...]  # labels a class, beside all of them
    shared_sizes: tuple[int, ...]  # dimensions of z' beside the usual
    projections: tuple[int, ...]  # directions a step beside the usual
    many: BridgeConfig  # the bridge of chapter 08 between all domains
    many_pair: BridgeConfig  # its bridges of two, and the parts of domains that join later
    many_items: int  # held-out items a class that measure them
    growth: tuple[int, ...]  # numbers of domains whose cost is measured
    growth_steps: int  # steps of these bridges
    same_items: BridgeConfig  # bridges of chapter 10 between two models of the same items
    true_pairs: tuple[int, ...]  # pairs and anchors that the maps of chapter 10 are given
    shown_pairs: tuple[int, ...]  # pairs that a bridge is shown
    pair_weights: tuple[float, ...]  # weights of their term: the best on training items that are in no pair is taken
    points: int  # latents of each side that are aligned without a pair
    guesses: tuple[int, ...]  # numbers of clusters that are tried there
    transports: tuple[int, int]  # Gromov-Wasserstein: how many draws of how many points
    few_across: tuple[int, ...]  # labels a class from MNIST to other domains
    across_seeds: int  # repetitions of each, with draws of labels of their own
    words_bridge: BridgeConfig  # chapter 09: words <-> images
    faces_bridge: BridgeConfig  # chapter 09: MNIST <-> faces
    face_judge: FaceJudgeConfig  # chapter 09: judges the looks of faces
    face_draws: int  # samples of the GAN of faces that a bridge's are taken from; a third as many teach the judge
    face_fresh: int  # samples that measure it
    foreign_items: int  # test digits that become faces
    foreign_read: int  # pictures of each kind that the foreign judge reads


def _corpora(mnist, fashion) -> Mapping:
    return MappingProxyType({"mnist": mnist, "fashion": fashion})


def _second_judges(steps: int, mnist: float, fashion: float) -> Mapping[str, ConvJudgeConfig]:
    return _corpora(*(ConvJudgeConfig(Training(steps, 128, 2e-3, "onecycle"), jitter=amount) for amount in (mnist, fashion)))


def _toy(steps: int) -> BridgeConfig:
    # the authors' synthetic experiment: narrow layers and these weights
    return BridgeConfig(Training(steps, 128), shared=2, width=16, depth=3, standardise=False, beta_kl=0.025, beta_swd=0.2, beta_cls=0.5)


# the same weights in fewer steps, with fewer directions, which are enough in the plane: tried on points that no chapter uses
_SHORT_TOY = replace(_toy(1500), training=Training(1500, 128, 4e-3, "onecycle"), projections=32)


def _game(steps: int, batch: int) -> Training:
    # Isola et al. and Zhu et al. 2017: Adam with these constants
    return Training(steps, batch, 2e-4, betas=(0.5, 0.999))


def _words(steps: int) -> BridgeConfig:
    # chapter 09: a few hundred points on one side, so what goes by the class weighs more
    return BridgeConfig(Training(steps, 128, 4e-3, "onecycle", average=0.99), beta_kl=1e-2, beta_swd=10.0, beta_cls=3.0)


def _faces(steps: int, width: int) -> BridgeConfig:
    training = Training(steps, 128, 4e-3, "onecycle", average=0.99)
    return BridgeConfig(training, shared=16, width=width, beta_kl=1e-2, beta_swd=3.0, beta_cls=3.0)


# classifiers around the GAN, the same at every profile: two unlike ones accept samples, a third one scores. See lt.zoo.pretrained
SPEECH_PANEL = (
    SpeechClassifierConfig(Training(900, 64, 2e-3, "onecycle"), width=24, kernel=5),
    SpeechClassifierConfig(Training(900, 64, 2e-3, "onecycle"), width=96, kernel=5, kind="rnn"),
)
SPEECH_JUDGE = SpeechClassifierConfig(Training(900, 64, 2e-3, "onecycle"), width=32, kernel=3)
# for chapters with many bridges: see benchmarks/time_to_accuracy.py
FAST_BRIDGE = BridgeConfig(Training(700, 192, 2e-3, "onecycle", muon=0.02, average=0.99))
_LAPTOP_GAN = GANConfig(Training(20_000, 128, 2e-4, betas=(0.0, 0.99), average=0.999))

_QUICK = Profile(
    name="quick",
    source="embedded",
    base_models=1,
    seeds=1,
    vae=_corpora(
        VAEConfig(Training(1500, 128, 1.5e-3, "onecycle"), width=512, warmup=0.3, jitter=0.5),
        VAEConfig(Training(1500, 128, 1.5e-3, "onecycle"), width=512, warmup=0.3, jitter=0.25),
    ),
    judge=_corpora(
        JudgeConfig(Training(1200, 128, 1e-3, "onecycle"), width=256, jitter=0.7),
        JudgeConfig(Training(1200, 128, 1e-3, "onecycle"), width=256, jitter=0.4),
    ),
    second_judge=_second_judges(300, 0.7, 0.4),
    bridge=FAST_BRIDGE,
    copies=4,
    jitter=_corpora(0.7, 0.4),
    gan=_LAPTOP_GAN,
    gan_minutes=2,
    speech_bridge=BridgeConfig(Training(1200, 128, 4e-3, "onecycle", average=0.99), shared=16, beta_kl=3e-4, beta_swd=3.0, beta_cls=1.0),
    recordings="embedded",
    accepted=500,
    fresh=30,
    heard=10,
    frontier=(3e-4, 2e-2),
    walks=20,
    reading_steps=300,
    reading_seeds=1,
    bridge_width=128,
    toy=_SHORT_TOY,
    toy_seeds=1,
    toy_points=2000,
    latent_classifier=LatentClassifierConfig(Training(1500, 128, 1.5e-3, "onecycle")),
    pix2pix=Pix2PixConfig(_game(200, 16), width=16),
    cyclegan=CycleGANConfig(_game(200, 16), width=16, depth=2, identity=0.0),
    latent_cyclegan=CycleGANConfig(_game(400, 64), width=256, depth=3, identity=0.0),
    speech_pix2pix=Pix2PixConfig(_game(60, 8), width=16),
    speech_cyclegan=CycleGANConfig(_game(60, 8), width=16, depth=2, identity=0.0),
    aside=200,
    game_rates=(1.0,),
    patience=1,
    baseline_seeds=1,
    closed_seeds=2,
    ablation=BridgeConfig(Training(400, 128, 2e-3, "onecycle"), width=128, beta_kl=3e-4),
    ablation_sets=1,
    short_seeds=1,
    labels=(0, 1, 10, 100),
    shared_sizes=(2,),
    projections=(8,),
    many=BridgeConfig(Training(600, 96, 2e-3, "onecycle", muon=0.02, average=0.98), shared=16, width=256, beta_swd=5.0, projections=32),
    many_pair=BridgeConfig(Training(200, 96, 3e-3, "onecycle", muon=0.02, average=0.98), shared=16, beta_swd=2.0),
    many_items=30,
    growth=(2, 4, 8),
    growth_steps=50,
    same_items=BridgeConfig(Training(300, 128, 2e-3, "onecycle", muon=0.02, average=0.98)),
    true_pairs=(1, 10, 100, 1000),
    shown_pairs=(100,),
    pair_weights=(1.0, 10.0),
    points=1200,
    guesses=(10, 20),
    transports=(1, 150),
    few_across=(1, 100),
    across_seeds=1,
    words_bridge=_words(600),
    faces_bridge=_faces(400, 128),
    face_judge=FaceJudgeConfig(Training(250, 64, 2e-3, "onecycle")),
    face_draws=2400,
    face_fresh=1000,
    foreign_items=200,
    foreign_read=30,
)

_LAPTOP = Profile(
    name="laptop",
    source="full",
    base_models=3,
    seeds=3,
    vae=_corpora(
        VAEConfig(Training(3750, 256, 1.5e-3, "onecycle"), warmup=0.3, jitter=0.5),
        VAEConfig(Training(6000, 256, 1e-3, "onecycle"), warmup=0.5),  # augmenting Fashion-MNIST raised the validation error
    ),
    judge=_corpora(
        JudgeConfig(Training(4000, 256, 1.5e-3, "onecycle"), jitter=0.7),
        JudgeConfig(Training(4000, 256, 1.5e-3, "onecycle"), jitter=0.4),
    ),
    second_judge=_second_judges(2500, 0.7, 0.4),
    bridge=BridgeConfig(Training(2600, 256, 2e-3, "onecycle", muon=0.02)),  # half a minute of one core
    copies=2,
    jitter=_corpora(0.7, 0.4),
    gan=_LAPTOP_GAN,
    gan_minutes=100,
    speech_bridge=BridgeConfig(
        Training(6000, 128, 4e-3, "onecycle", average=0.995), shared=16, width=256, beta_kl=3e-4, beta_swd=3.0, beta_cls=3.0
    ),
    recordings="fsdd",
    accepted=4000,
    fresh=200,
    heard=50,
    frontier=(3e-4, 1e-3, 5e-3, 2e-2),
    walks=100,
    reading_steps=2000,
    reading_seeds=2,
    bridge_width=256,
    toy=_SHORT_TOY,
    toy_seeds=8,
    toy_points=5000,
    latent_classifier=LatentClassifierConfig(Training(2000, 128, 1.5e-3, "onecycle")),
    # equal time, under two minutes of one core for both directions: a step of CycleGAN costs what 2.6 of Pix2Pix do; both see every image
    pix2pix=Pix2PixConfig(_game(2600, 32), width=16),
    cyclegan=CycleGANConfig(_game(2000, 32), width=16, depth=2, identity=0.0),
    latent_cyclegan=CycleGANConfig(_game(2500, 128), width=256, depth=3, identity=0.0),  # flat in a third of that time
    speech_pix2pix=Pix2PixConfig(_game(1250, 8), width=16),
    speech_cyclegan=CycleGANConfig(_game(2000, 8), width=16, depth=2, identity=0.0),
    aside=500,
    game_rates=(0.5, 1.0, 2.0),
    patience=3,
    baseline_seeds=3,
    closed_seeds=2,
    ablation=FAST_BRIDGE,
    ablation_sets=3,
    short_seeds=1,
    labels=(0, 1, 10, 100, 1000),
    shared_sizes=(2, 4, 32),
    projections=(8,),
    # as many steps as make it take about as long as its ten pairs do together
    many=BridgeConfig(Training(2400, 192, 2e-3, "onecycle", muon=0.02, average=0.99), shared=16, width=256, beta_swd=5.0, projections=32),
    many_pair=replace(FAST_BRIDGE, shared=16, beta_swd=2.0),
    many_items=200,
    growth=(2, 4, 8),
    growth_steps=200,
    same_items=FAST_BRIDGE,
    true_pairs=(1, 10, 100, 1000, 10_000),
    shown_pairs=(10, 100, 1000),
    pair_weights=(0.1, 0.3, 1.0, 3.0, 10.0),
    points=3000,
    guesses=(8, 10, 12, 15, 20),
    transports=(2, 200),
    few_across=(1, 10, 100),
    across_seeds=2,
    words_bridge=_words(1500),
    faces_bridge=_faces(3000, 128),
    face_judge=FaceJudgeConfig(Training(1500, 64, 2e-3, "onecycle")),
    face_draws=12_000,
    face_fresh=4000,
    foreign_items=1000,
    foreign_read=300,
)

BY_THE_TEXT = BridgeConfig(Training(50_000, 128), width=512, standardise=False, beta_kl=0.05, beta_cls=0.05)  # section B.1
# the authors' code: absolute differences in the SWD, and a classifier that stays as it was drawn
BY_THE_CODE = replace(BY_THE_TEXT, training=Training(20_000, 512), beta_kl=0.005, power=1, frozen=True)

# Sections B.1 and B.2 to the letter: epochs become steps of the 60,000 training items, the learning rate is constant
_PAPER = replace(
    _LAPTOP,
    name="paper",
    base_models=1,
    seeds=5,
    vae=_corpora(VAEConfig(Training(100 * 60_000 // 512, 512)), VAEConfig(Training(100 * 60_000 // 512, 512))),
    judge=_corpora(JudgeConfig(Training(100 * 60_000 // 256, 256)), JudgeConfig(Training(100 * 60_000 // 256, 256))),
    second_judge=_second_judges(100 * 60_000 // 128, 0.0, 0.0),
    bridge=BY_THE_TEXT,
    copies=0,
    jitter=_corpora(0.0, 0.0),
    gan=GANConfig(Training(200_000, 64, 1e-4, betas=(0.5, 0.9)), kind="wavegan", width=64, critic_updates=5, penalty=10.0),
    gan_minutes=4 * 24 * 60,
    # half of the paper's steps: a bridge of 8 x 1024 is the slowest thing in the book
    speech_bridge=replace(
        BY_THE_TEXT, training=Training(25_000, 128), shared=16, width=1024, depth=8, beta_kl=0.01, beta_swd=3.0, beta_cls=0.3
    ),
    accepted=1300,
    frontier=(3e-4, 1e-3, 1e-2),
    reading_steps=50_000,
    reading_seeds=3,
    bridge_width=512,
    toy=_toy(5000),
    toy_seeds=5,
    latent_classifier=LatentClassifierConfig(Training(10_000, 128, 1.5e-3, "onecycle")),
    # the baselines see about as many pictures as 200 epochs of the few thousand pairs of their papers
    pix2pix=Pix2PixConfig(_game(10_000, 64), width=64),
    cyclegan=CycleGANConfig(_game(10_000, 64), width=64, depth=6),
    latent_cyclegan=CycleGANConfig(_game(10_000, 128), width=512, depth=4, identity=0.0),
    speech_pix2pix=Pix2PixConfig(_game(2_000, 16), width=64),
    speech_cyclegan=CycleGANConfig(_game(2_000, 16), width=64, depth=6),
    closed_seeds=5,
    ablation=replace(BY_THE_TEXT, training=Training(10_000, 128)),  # a fifth of the steps: there are many of them
    short_seeds=3,
    shared_sizes=(2, 4, 16, 32),
    projections=(8, 512),
    many=replace(BY_THE_TEXT, training=Training(25_000, 128), shared=16),
    many_pair=replace(BY_THE_TEXT, training=Training(10_000, 128), shared=16),
    many_items=300,
    growth_steps=2000,
    same_items=replace(BY_THE_TEXT, training=Training(10_000, 128)),
    points=5000,
    transports=(5, 300),
    across_seeds=3,
    # none of it is in the paper: as laptop, with more of everything
    words_bridge=_words(5000),
    faces_bridge=_faces(10_000, 256),
    face_judge=FaceJudgeConfig(Training(3000, 64, 2e-3, "onecycle")),
    face_draws=60_000,
    face_fresh=10_000,
    foreign_items=3000,
    foreign_read=1000,
)

PROFILES = {profile.name: profile for profile in (_QUICK, _LAPTOP, _PAPER)}


def get(name: str) -> Profile:
    """The profile of that name; raises :class:`lt.LtError` for any other."""
    if name not in PROFILES:
        raise LtError(f"unknown profile {name!r}: choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
